// A worker takes no memory: every allocation on it is a failure.

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <vector>

#include "gtest/gtest.h"
#include "mediaplane/audio/sound.h"
#include "mediaplane/engine/tap.h"
#include "mediaplane/engine/test_node.h"

namespace {

thread_local bool on_worker = false;
std::atomic<int> calls = 0;

void Note() {
  if (on_worker) calls.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

// glibc's own, under other names: what replaces them must not call itself.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void __libc_free(void* memory);

void* malloc(size_t size) {
  Note();
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  Note();
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  Note();
  return __libc_realloc(memory, size);
}
void free(void* memory) {
  Note();
  __libc_free(memory);
}
}

namespace tutti::mediaplane {
namespace {

TEST(EngineMemoryTest, AWorkerNeverAllocatesOrFrees) {
  TestNode node({.workers = 2, .legs_max = 40, .tap_ring_size = 127});
  node.OnRound([](bool begins) { on_worker = begins; });
  std::vector<BridgeSlot> bridges;
  for (int i = 0; i < 4; ++i) bridges.push_back(*node.engine().AddBridge());
  const Codec codecs[] = {Codec::kPcmu, Codec::kPcma, Codec::kG722, Codec::kL16At16000, Codec::kL16At8000};
  std::vector<TestCaller*> callers;
  const auto sound = MakeBuiltInSound("beep_entry");
  std::mt19937 random(5);
  LegSlot stream = kNoLegSlot;
  const auto line = node.Stream(MixRate::k16000, bridges[0], stream);
  const std::vector<int16_t> said(16'000, 3000);
  for (int i = 0; i < 1000; ++i) {
    const BridgeSlot bridge = random() % 5 == 0 ? kNoBridgeSlot : bridges[random() % bridges.size()];
    const unsigned what = random() % 9;
    if (random() % 8 == 0) {
      line->Say(said);
      ASSERT_TRUE(node.engine().SetLegBridge(stream, bridge, random()).ok());
    }
    if (what == 0 && node.engine().leg_count() < 40) {
      LegMedia media;
      media.codec = codecs[random() % 5];
      media.payload_type = 96;
      media.telephone_event_type = 101;
      media.media_timeout_ms = 500;
      callers.push_back(&node.Call(media, bridge, random()));
      callers.back()->voice = Tone(440, 5000, 8000);
    } else if (what == 1 && !callers.empty()) {
      ASSERT_TRUE(node.engine().RemoveLeg(callers.back()->leg, 1).ok());
      callers.pop_back();
    } else if (what == 2 && !callers.empty()) {
      ASSERT_TRUE(node.engine().SetLegBridge(callers[random() % callers.size()]->leg, bridge, random()).ok());
    } else if (what == 3 && !callers.empty()) {
      TestCaller& caller = *callers[random() % callers.size()];
      caller.sending = !caller.sending;
      caller.media.codec = codecs[random() % 5];
      ASSERT_TRUE(node.engine().UpdateLeg(caller.leg, caller.media).ok());
    } else if (what == 4 && !callers.empty()) {
      LegSettings settings;
      settings.muted = random() % 4 == 0;
      settings.deaf = random() % 4 == 0;
      settings.on_hold = random() % 4 == 0;
      settings.exclusive = random() % 4 == 0;
      settings.volume_db = static_cast<int8_t>(random() % 3 * 5);
      settings.heard_only_by[0] = {callers[random() % callers.size()]->leg, 1};
      ASSERT_TRUE(node.engine().SetLegSettings(callers[random() % callers.size()]->leg, settings).ok());
    } else if (what == 5 && !callers.empty()) {
      // Something may be played already.
      static_cast<void>(node.engine().PlayToLeg(callers[random() % callers.size()]->leg, {.sound = sound}));
      static_cast<void>(node.engine().PlayToBridge(bridges[random() % bridges.size()], {.sound = sound}));
      ASSERT_TRUE(node.engine().StopLeg(callers[random() % callers.size()]->leg).ok());
      ASSERT_TRUE(node.engine().StopBridge(bridges[random() % bridges.size()]).ok());
    } else if (what == 6) {
      const BridgeSettings settings = {.parted = random() % 2 == 0, .waiting = sound, .hold = sound};
      ASSERT_TRUE(node.engine().SetBridge(bridges[random() % bridges.size()], settings).ok());
    } else if (what == 7) {
      const BridgeTap tap = {.id = static_cast<uint32_t>(random() % 3),
                             .mix_8000 = random() % 2 == 0,
                             .mix_16000 = random() % 2 == 0,
                             .legs = random() % 2 == 0};
      ASSERT_TRUE(node.engine().SetBridgeTap(bridges[random() % bridges.size()], tap).ok());
      TapMessage message;
      while (node.engine().tap_ring(random() % 2).Take(message)) {
      }
    } else if (!callers.empty()) {
      node.Deliver(*callers.back(), std::vector<uint8_t>(random() % 100, 0x80));
      std::vector<uint8_t> digit(kRtpHeaderBytes + 4);
      WriteRtpHeader(digit.data(), false, 101, static_cast<uint16_t>(random()), static_cast<uint32_t>(random()), 1);
      node.Deliver(*callers.back(), digit);
    }
    node.Run(static_cast<int64_t>(random() % 60) * kMs);
  }
  ASSERT_TRUE(node.engine().RemoveLeg(stream, 1).ok());
  node.Drain();
  EXPECT_GT(node.Total(&WorkerCounters::rtp_sent), 1000u);
  EXPECT_GT(node.Total(&WorkerCounters::plays_ended), 10u);
  EXPECT_GT(node.Total(&WorkerCounters::digits_received), 10u);
  EXPECT_GT(node.Total(&WorkerCounters::tap_messages), 1000u);
  EXPECT_GT(node.Total(&WorkerCounters::tap_messages_lost), 10u);
  EXPECT_EQ(calls.load(), 0);

  // The trap does catch one.
  on_worker = true;
  void* volatile memory = std::malloc(16);
  std::free(memory);
  on_worker = false;
  EXPECT_EQ(calls.load(), 2);
}

}  // namespace
}  // namespace tutti::mediaplane
