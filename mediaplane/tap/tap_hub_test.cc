#include "mediaplane/tap/tap_hub.h"

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "mediaplane/engine/test_node.h"
#include "mediaplane/tap/tap_thread.h"

namespace tutti::mediaplane {
namespace {

class Recorder final : public TapListener {
 public:
  void OnLegJoined(const Presence& who, int64_t) override { members.push_back(absl::StrCat("+", who.leg.leg)); }
  void OnLegLeft(const Presence& who, int64_t) override { members.push_back(absl::StrCat("-", who.leg.leg)); }
  void OnLeg(const Presence& who, MixRate, int64_t tick_ns, std::span<const int16_t> samples) override {
    EXPECT_GT(tick_ns, tick_ended_ns);
    legs[who.leg.leg].insert(legs[who.leg.leg].end(), samples.begin(), samples.end());
  }
  void OnMix(MixRate rate, int64_t tick_ns, std::span<const int16_t> samples) override {
    EXPECT_EQ(samples.size(), SamplesPerFrame(rate));
    EXPECT_GT(tick_ns, tick_ended_ns);
    auto& mix = rate == MixRate::k8000 ? low : high;
    mix.insert(mix.end(), samples.begin(), samples.end());
  }
  void OnTick(int64_t tick_ns) override {
    EXPECT_EQ(tick_ns, tick_ended_ns == 0 ? tick_ns : tick_ended_ns + kTickNs);
    tick_ended_ns = tick_ns;
    ++ticks;
  }

  std::vector<std::string> members;
  std::map<LegSlot, std::vector<int16_t>> legs;
  std::vector<int16_t> low, high;
  std::atomic<int> ticks = 0;
  int64_t tick_ended_ns = 0;
};

class TapHubTest : public testing::Test {
 protected:
  static std::vector<TapRing*> Rings(Engine& engine) {
    std::vector<TapRing*> rings;
    for (unsigned w = 0; w < engine.worker_count(); ++w) rings.push_back(&engine.tap_ring(w));
    return rings;
  }

  void Run(int64_t duration_ns) {
    for (int64_t ran_ns = 0; ran_ns < duration_ns; ran_ns += 20 * kMs) {
      node_.Run(20 * kMs);
      hub_.Drain();
    }
  }

  TestNode node_{{.workers = 2, .tap_ring_size = 1023}};
  BridgeTap tap_;  // the last that was set
  TapHub hub_{[this](BridgeSlot bridge, const BridgeTap& tap) {
                tap_ = tap;
                return node_.engine().SetBridgeTap(bridge, tap);
              },
              Rings(node_.engine())};
};

TEST_F(TapHubTest, EachIsToldWhatItWants) {
  const BridgeSlot bridge = *node_.engine().AddBridge();
  TestCaller& caller = node_.Call(Codec::kPcmu, bridge);
  caller.voice = Tone(503, 9000, 8000);
  Run(kSecond);
  Recorder low, high, legs;
  ASSERT_TRUE(hub_.Subscribe(bridge, {.mix_8000 = true}, low).ok());
  ASSERT_TRUE(hub_.Subscribe(bridge, {.mix_16000 = true}, high).ok());
  ASSERT_TRUE(hub_.Subscribe(bridge, {.legs = true}, legs).ok());
  Run(kSecond);
  EXPECT_NEAR(low.ticks, 50, 2);
  EXPECT_EQ(low.ticks, high.ticks);
  EXPECT_EQ(low.ticks, legs.ticks);
  EXPECT_EQ(low.low.size(), static_cast<size_t>(low.ticks) * 160);
  EXPECT_NEAR(static_cast<double>(high.high.size()), low.ticks * 320, 640) << "once its worker knows of it";
  EXPECT_TRUE(low.high.empty() && high.low.empty() && legs.low.empty() && legs.high.empty());
  EXPECT_TRUE(low.legs.empty() && high.legs.empty());
  EXPECT_NEAR(ToneAmplitude(low.low, 503, 8000), 9000, 100);
  EXPECT_NEAR(ToneAmplitude(std::span(high.high).subspan(320), 503, 16000), 9000, 100);
  EXPECT_NEAR(ToneAmplitude(legs.legs[caller.leg], 503, 8000), 9000, 100);
  for (const Recorder* one : {&low, &high, &legs}) {
    EXPECT_EQ(one->members, (std::vector<std::string>{absl::StrCat("+", caller.leg)}));
  }
}

TEST_F(TapHubTest, RoomsAreKeptApart) {
  Recorder recorders[4];
  for (int i = 0; i < 4; ++i) {
    const BridgeSlot bridge = *node_.engine().AddBridge();
    node_.Call(Codec::kPcmu, bridge).voice = Tone(311 + 200 * i, 9000, 8000);
    ASSERT_TRUE(hub_.Subscribe(bridge, {.mix_8000 = true}, recorders[i]).ok());
  }
  Run(2 * kSecond);
  for (int i = 0; i < 4; ++i) {
    for (int other = 0; other < 4; ++other) {
      const double level = ToneAmplitude(std::span(recorders[i].low).last(8000), 311 + 200 * other, 8000);
      EXPECT_NEAR(level, other == i ? 9000 : 0, 100);
    }
  }
}

TEST_F(TapHubTest, WhoIsThereIsToldToEveryoneOnce) {
  const BridgeSlot bridge = *node_.engine().AddBridge();
  TestCaller& one = node_.Call(Codec::kPcmu, bridge);
  Recorder first, second;
  const auto subscription = hub_.Subscribe(bridge, {.mix_8000 = true}, first);
  Run(100 * kMs);
  TestCaller& two = node_.Call(Codec::kPcmu, bridge);
  Run(100 * kMs);
  ASSERT_TRUE(hub_.Subscribe(bridge, {.mix_16000 = true, .legs = true}, second).ok());
  Run(100 * kMs);
  ASSERT_TRUE(node_.engine().SetLegBridge(one.leg, kNoBridgeSlot, 5).ok());
  Run(100 * kMs);
  hub_.Unsubscribe(*subscription);
  ASSERT_TRUE(node_.engine().SetLegBridge(two.leg, kNoBridgeSlot, 5).ok());
  Run(100 * kMs);
  const std::string a = absl::StrCat(one.leg), b = absl::StrCat(two.leg);
  EXPECT_EQ(first.members, (std::vector<std::string>{"+" + a, "+" + b, "-" + a}));
  EXPECT_EQ(second.members, (std::vector<std::string>{"+" + a, "+" + b, "-" + a, "-" + b}));
}

TEST_F(TapHubTest, TheTapIsWhatAllWantTogetherAndEndsWithTheLast) {
  const BridgeSlot bridge = *node_.engine().AddBridge();
  Recorder a, b;
  const auto first = hub_.Subscribe(bridge, {.mix_8000 = true}, a);
  const uint32_t id = tap_.id;
  EXPECT_NE(id, 0u);
  EXPECT_EQ(tap_, (BridgeTap{.id = id, .mix_8000 = true}));
  const auto second = hub_.Subscribe(bridge, {.mix_16000 = true, .legs = true}, b);
  EXPECT_EQ(tap_, (BridgeTap{.id = id, .mix_8000 = true, .mix_16000 = true, .legs = true}));
  Run(100 * kMs);
  hub_.Unsubscribe(*first);
  EXPECT_EQ(tap_, (BridgeTap{.id = id, .mix_16000 = true, .legs = true}));
  hub_.Unsubscribe(*second);
  hub_.Unsubscribe(*second);
  EXPECT_EQ(tap_, BridgeTap());
  EXPECT_EQ(hub_.subscriptions(), 0u);
  const int ticks = b.ticks;
  Run(100 * kMs);
  EXPECT_EQ(b.ticks, ticks);
  // What is late of the old one is not told to the new one.
  ASSERT_TRUE(hub_.Subscribe(bridge, {.mix_8000 = true}, a).ok());
  EXPECT_NE(tap_.id, id);
}

TEST_F(TapHubTest, UnsubscribeTellsWhatHappenedBeforeAndNothingAfter) {
  const BridgeSlot bridge = *node_.engine().AddBridge();
  Recorder recorder;
  const auto subscription = hub_.Subscribe(bridge, {.mix_8000 = true}, recorder);
  node_.Run(kSecond);
  EXPECT_EQ(recorder.ticks, 0);
  hub_.Unsubscribe(*subscription);
  EXPECT_NEAR(recorder.ticks, 50, 1);
  const int ticks = recorder.ticks;
  Run(100 * kMs);
  EXPECT_EQ(recorder.ticks, ticks);
}

TEST_F(TapHubTest, AnotherBridgeInTheSameSlotIsNotHeard) {
  TestNode node({.bridges_max = 1, .tap_ring_size = 1023});
  TapHub hub([&](BridgeSlot bridge, const BridgeTap& tap) { return node.engine().SetBridgeTap(bridge, tap); },
             Rings(node.engine()));
  const BridgeSlot bridge = *node.engine().AddBridge();
  Recorder recorder, next;
  const auto subscription = hub.Subscribe(bridge, {.mix_8000 = true}, recorder);
  node.Run(kSecond);
  hub.RemoveBridge(bridge);
  EXPECT_NEAR(recorder.ticks, 50, 1);
  ASSERT_TRUE(node.engine().RemoveBridge(bridge).ok());
  node.Run(100 * kMs);
  ASSERT_EQ(*node.engine().AddBridge(), bridge);
  ASSERT_TRUE(hub.Subscribe(bridge, {.mix_8000 = true}, next).ok());
  node.Run(100 * kMs);
  hub.Drain();
  EXPECT_NEAR(recorder.ticks, 50, 1);
  EXPECT_NEAR(next.ticks, 5, 1);
  hub.Unsubscribe(*subscription);
  EXPECT_EQ(hub.subscriptions(), 1u);
}

TEST_F(TapHubTest, AnUnknownBridgeIsRefused) {
  Recorder recorder;
  EXPECT_EQ(hub_.Subscribe(5, {.legs = true}, recorder).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(hub_.subscriptions(), 0u);
}

TEST_F(TapHubTest, AThreadDrainsIt) {
  const BridgeSlot bridge = *node_.engine().AddBridge();
  Recorder recorder;
  ASSERT_TRUE(hub_.Subscribe(bridge, {.mix_8000 = true}, recorder).ok());
  node_.Run(kSecond);
  TapThread thread(hub_);
  while (recorder.ticks < 49) std::this_thread::yield();
  EXPECT_GT(hub_.depth_max(), 40u);
}

}  // namespace
}  // namespace tutti::mediaplane
