// What taps tell of bridges.

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "mediaplane/audio/sound.h"
#include "mediaplane/engine/tap.h"
#include "mediaplane/engine/test_node.h"

namespace tutti::mediaplane {
namespace {

using Kind = TapMessage::Kind;

constexpr unsigned kRing = 4095;

std::vector<TapMessage> Take(TestNode& node) {
  std::vector<TapMessage> messages;
  for (unsigned w = 0; w < node.engine().worker_count(); ++w) {
    TapMessage message;
    while (node.engine().tap_ring(w).Take(message)) messages.push_back(message);
  }
  return messages;
}

std::vector<int16_t> MixOf(const std::vector<TapMessage>& messages, BridgeSlot bridge, MixRate rate) {
  std::vector<int16_t> samples;
  for (const TapMessage& message : messages) {
    if (message.bridge != bridge || message.rate != rate || message.kind == Kind::kLeg) continue;
    samples.resize(samples.size() + SamplesPerFrame(rate));
    if (message.kind != Kind::kMix) continue;
    std::copy_n(message.samples.begin(), SamplesPerFrame(rate),
                samples.end() - static_cast<long>(SamplesPerFrame(rate)));
  }
  return samples;
}

size_t CountOf(const std::vector<TapMessage>& messages, Kind kind) {
  return static_cast<size_t>(
      std::count_if(messages.begin(), messages.end(), [kind](const TapMessage& m) { return m.kind == kind; }));
}

TEST(TapTest, AnEmptyBridgeTicksWhileItHasATapAndNoLonger) {
  TestNode node({.tap_ring_size = kRing});
  const BridgeSlot bridge = *node.engine().AddBridge();
  node.Run(100 * kMs);
  EXPECT_TRUE(Take(node).empty());
  ASSERT_TRUE(node.engine().SetBridgeTap(bridge, {.id = 7, .mix_16000 = true}).ok());
  node.Run(kSecond);
  const auto messages = Take(node);
  ASSERT_NEAR(static_cast<double>(messages.size()), 50, 1);
  for (size_t i = 0; i < messages.size(); ++i) {
    EXPECT_EQ(messages[i].kind, Kind::kTick);
    EXPECT_EQ(messages[i].rate, MixRate::k16000);
    EXPECT_EQ(messages[i].tap, 7u);
    EXPECT_EQ(messages[i].bridge, bridge);
    EXPECT_TRUE(messages[i].ends_tick);
    EXPECT_EQ(messages[i].tick_ns, messages[0].tick_ns + static_cast<int64_t>(i) * kTickNs);
  }
  EXPECT_GE(messages[0].tick_ns, kSecond + 100 * kMs);
  ASSERT_TRUE(node.engine().SetBridgeTap(bridge, {}).ok());
  node.Run(40 * kMs);
  Take(node);
  node.Run(kSecond);
  EXPECT_TRUE(Take(node).empty());
  EXPECT_FALSE(node.engine().pending());
  EXPECT_EQ(node.Total(&WorkerCounters::bridges), 0u);
}

TEST(TapTest, TheMixIsWhatASilentParticipantHearsBitForBit) {
  for (const Codec codec : {Codec::kL16At8000, Codec::kL16At16000}) {
    TestNode node({.workers = 2, .tap_ring_size = kRing});
    const BridgeSlot bridge = *node.engine().AddBridge();
    const MixRate rate = FormatOf(codec).rate;
    const BridgeTap tap = {.id = 1, .mix_8000 = rate == MixRate::k8000, .mix_16000 = rate == MixRate::k16000};
    ASSERT_TRUE(node.engine().SetBridgeTap(bridge, tap).ok());
    TestCaller& listener = node.Call(codec, bridge);
    TestCaller& low = node.Call(Codec::kPcmu, bridge);
    TestCaller& high = node.Call(Codec::kL16At16000, bridge);
    TestCaller& muted = node.Call(Codec::kPcmu, bridge);
    TestCaller& held = node.Call(Codec::kPcmu, bridge);
    TestCaller& coach = node.Call(Codec::kPcmu, bridge);
    TestCaller& elsewhere = node.Call(Codec::kPcmu, *node.engine().AddBridge());
    low.voice = Tone(503, 9000, 8000);
    high.voice = Tone(1103, 9000, 16000);
    muted.voice = held.voice = coach.voice = elsewhere.voice = Tone(811, 9000, 8000);
    ASSERT_TRUE(node.engine().SetLegSettings(muted.leg, {.muted = true}).ok());
    ASSERT_TRUE(node.engine().SetLegSettings(held.leg, {.on_hold = true}).ok());
    LegSettings heard_by_low = {.exclusive = true};
    heard_by_low.heard_only_by[0] = {low.leg, 1};
    ASSERT_TRUE(node.engine().SetLegSettings(coach.leg, heard_by_low).ok());
    ASSERT_TRUE(node.engine().PlayToLeg(low.leg, {.sound = MakeBuiltInSound("beep"), .loop = true}).ok());
    node.Run(500 * kMs);
    Take(node);
    listener.received.clear();
    // An announcement to all is in it.
    ASSERT_TRUE(node.engine().PlayToBridge(bridge, {.sound = MakeBuiltInSound("beep_entry")}).ok());
    node.Run(kSecond);
    const auto mix = MixOf(Take(node), bridge, rate);
    const auto heard = listener.Heard();
    ASSERT_GT(heard.size(), SamplesPerFrame(rate) * 45);
    const size_t frames = std::min(mix.size(), heard.size());
    EXPECT_TRUE(std::equal(mix.begin(), mix.begin() + static_cast<long>(frames), heard.begin()));
    const int hz = SampleRateHz(rate);
    const auto end = std::span(mix).last(mix.size() / 2);
    EXPECT_NEAR(ToneAmplitude(end, 503, hz), 9000, 200);
    EXPECT_NEAR(ToneAmplitude(end, 1103, hz), 9000, 200);
    EXPECT_LT(ToneAmplitude(end, 811, hz), 20) << "muted, on hold, a coach, another room";
    EXPECT_LT(SignalToNoiseDb(std::span(mix).first(mix.size() / 4), 503, hz), SignalToNoiseDb(end, 503, hz))
        << "the announcement";
  }
}

TEST(TapTest, ARateThatNobodyHasIsThereAndChangesNothingForTheOthers) {
  std::vector<int16_t> heard[2];
  for (const bool tapped : {false, true}) {
    TestNode node({.tap_ring_size = kRing});
    const BridgeSlot bridge = *node.engine().AddBridge();
    TestCaller& one = node.Call(Codec::kPcmu, bridge);
    TestCaller& two = node.Call(Codec::kPcmu, bridge);
    one.voice = Tone(503, 9000, 8000);
    two.voice = Tone(1103, 20000, 8000);
    node.Run(kSecond);
    const BridgeTap tap = {.id = tapped ? 1u : 0u, .mix_8000 = true, .mix_16000 = true};
    ASSERT_TRUE(node.engine().SetBridgeTap(bridge, tap).ok());
    node.Run(kSecond);
    ASSERT_TRUE(node.engine().SetBridgeTap(bridge, {}).ok());
    node.Run(kSecond);
    heard[tapped] = one.Heard();
    if (!tapped) continue;
    const auto messages = Take(node);
    const auto low = MixOf(messages, bridge, MixRate::k8000);
    const auto high = MixOf(messages, bridge, MixRate::k16000);
    EXPECT_EQ(low.size() * 2, high.size());
    EXPECT_NEAR(ToneAmplitude(std::span(high).last(8000), 503, 16000), 9000, 200);
    EXPECT_NEAR(ToneAmplitude(std::span(low).last(4000), 503, 8000), 9000, 200);
    for (const TapMessage& message : messages) {
      EXPECT_EQ(message.ends_tick, message.rate == MixRate::k16000);
    }
  }
  EXPECT_EQ(heard[0], heard[1]);
}

TEST(TapTest, LegsAreToldAsTheyWentIntoTheMix) {
  TestNode node({.workers = 2, .tap_ring_size = kRing});
  const BridgeSlot bridge = *node.engine().AddBridge();
  TestCaller& low = node.Call(Codec::kPcmu, bridge);
  TestCaller& high = node.Call(Codec::kG722, bridge);
  TestCaller& silent = node.Call(Codec::kPcmu, bridge);
  TestCaller& muted = node.Call(Codec::kPcmu, bridge);
  low.voice = Tone(503, 9000, 8000);
  high.voice = Tone(1103, 9000, 16000);
  muted.voice = Tone(811, 9000, 8000);
  ASSERT_TRUE(node.engine().SetLegSettings(muted.leg, {.muted = true}).ok());
  node.Run(kSecond);
  ASSERT_TRUE(node.engine().SetBridgeTap(bridge, {.id = 3, .legs = true}).ok());
  node.Run(kSecond);
  std::map<LegSlot, std::vector<int16_t>> legs;
  std::map<LegSlot, int> joined;
  size_t ticks = 0, since_tick = 0;
  for (const TapMessage& message : Take(node)) {
    switch (message.kind) {
      case Kind::kLegJoined:
        EXPECT_EQ(ticks, 0u);
        EXPECT_EQ(message.who.leg.generation, 1u);
        ++joined[message.who.leg.leg];
        break;
      case Kind::kLeg: {
        ++since_tick;
        auto& samples = legs[message.who.leg.leg];
        samples.insert(samples.end(), message.samples.begin(),
                       message.samples.begin() + static_cast<long>(SamplesPerFrame(message.rate)));
        break;
      }
      case Kind::kTick:
        EXPECT_EQ(message.rate, MixRate::kCount);
        EXPECT_TRUE(message.ends_tick);
        EXPECT_EQ(since_tick, 2u) << "a tick's legs come before its end";
        since_tick = 0;
        ++ticks;
        break;
      default:
        FAIL();
    }
  }
  EXPECT_EQ(joined, (std::map<LegSlot, int>{{low.leg, 1}, {high.leg, 1}, {silent.leg, 1}, {muted.leg, 1}}));
  EXPECT_NEAR(static_cast<double>(ticks), 50, 1);
  ASSERT_EQ(legs.size(), 2u);
  EXPECT_NEAR(ToneAmplitude(legs[low.leg], 503, 8000), 9000, 100);
  EXPECT_NEAR(ToneAmplitude(legs[high.leg], 1103, 16000), 9000, 300);
}

TEST(TapTest, WhoComesAndGoesIsToldInOrder) {
  TestNode node({.workers = 2, .tap_ring_size = kRing});
  const BridgeSlot bridge = *node.engine().AddBridge();
  ASSERT_TRUE(node.engine().SetBridgeTap(bridge, {.id = 3, .mix_8000 = true}).ok());
  node.Run(200 * kMs);
  TestCaller& stays = node.Call(Codec::kPcmu, bridge);
  TestCaller& moves = node.Call(Codec::kPcmu);
  node.Run(200 * kMs);
  ASSERT_TRUE(node.engine().SetLegBridge(moves.leg, bridge, 1).ok());
  node.Run(200 * kMs);
  // Another codec is no coming and going.
  moves.media.codec = Codec::kG722;
  moves.media.payload_type = 9;
  ASSERT_TRUE(node.engine().UpdateLeg(moves.leg, moves.media).ok());
  node.Run(200 * kMs);
  ASSERT_TRUE(node.engine().SetLegBridge(moves.leg, kNoBridgeSlot, 2).ok());
  node.Run(200 * kMs);
  ASSERT_TRUE(node.engine().RemoveLeg(stays.leg, 3).ok());
  node.Run(200 * kMs);
  std::vector<std::pair<Kind, LegSlot>> told;
  std::vector<int64_t> when_ms;
  int64_t last_ns = 0;
  for (const TapMessage& message : Take(node)) {
    if (message.kind == Kind::kTick) {
      EXPECT_EQ(message.tick_ns - last_ns, last_ns == 0 ? message.tick_ns : kTickNs);
      last_ns = message.tick_ns;
      continue;
    }
    told.emplace_back(message.kind, message.who.leg.leg);
    EXPECT_EQ(message.tick_ns, last_ns + kTickNs) << "holds from the next tick on";
    when_ms.push_back((message.tick_ns - kSecond) / kMs);
  }
  const std::vector<std::pair<Kind, LegSlot>> expected = {{Kind::kLegJoined, stays.leg},
                                                          {Kind::kLegJoined, moves.leg},
                                                          {Kind::kLegLeft, moves.leg},
                                                          {Kind::kLegLeft, stays.leg}};
  ASSERT_EQ(told, expected);
  for (size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(static_cast<double>(when_ms[i]),
                i < 2 ? 200. + 200. * static_cast<double>(i) : 400. + 200. * static_cast<double>(i), 45);
}

TEST(TapTest, WhoIsThereByALegIsToldWithEachMessage) {
  TestNode node({.workers = 2, .tap_ring_size = kRing});
  const BridgeSlot rooms[] = {*node.engine().AddBridge(), *node.engine().AddBridge()};
  for (uint32_t i = 0; i < 2; ++i) ASSERT_TRUE(node.engine().SetBridgeTap(rooms[i], {.id = i + 1, .legs = true}).ok());
  TestCaller& caller = node.Call(Codec::kPcmu);
  caller.voice = Tone(503, 9000, 8000);
  LegSettings settings;
  const std::pair<BridgeSlot, uint32_t> ways[] = {{rooms[0], 7}, {rooms[1], 8}, {rooms[1], 9}, {kNoBridgeSlot, 10}};
  for (const auto& [room, presence] : ways) {
    settings.presence = presence;
    ASSERT_TRUE(node.engine().SetLegBridge(caller.leg, room, presence, &settings).ok());
    node.Run(200 * kMs);
  }
  std::vector<std::string> told;
  for (const TapMessage& message : Take(node)) {
    if (message.kind == Kind::kTick) continue;
    const char* what = message.kind == Kind::kLegJoined ? "joined" : message.kind == Kind::kLegLeft ? "left" : "speaks";
    const std::string text = absl::StrCat(message.tap, " ", what, " ", message.who.id);
    if (told.empty() || told.back() != text) told.push_back(text);
  }
  // Of two workers' rings; each is in order.
  std::stable_sort(told.begin(), told.end(), [](const std::string& a, const std::string& b) { return a[0] < b[0]; });
  EXPECT_EQ(told, (std::vector<std::string>{"1 joined 7", "1 speaks 7", "1 left 7", "2 joined 8", "2 speaks 8",
                                            "2 left 8", "2 joined 9", "2 speaks 9", "2 left 9"}));
}

TEST(TapTest, AFullRingLosesSamplesAndNotWhoCameAndNobodyWaits) {
  TestNode node({.tap_ring_size = 127});
  const BridgeSlot bridge = *node.engine().AddBridge();
  ASSERT_TRUE(node.engine().SetBridgeTap(bridge, {.id = 3, .mix_8000 = true}).ok());
  TestCaller& early = node.Call(Codec::kPcmu, bridge);
  early.voice = Tone(503, 9000, 8000);
  node.Run(2 * kSecond);
  EXPECT_GT(node.Total(&WorkerCounters::tap_messages_lost), 20u);
  TestCaller& late = node.Call(Codec::kPcmu, bridge);
  node.Run(100 * kMs);
  const auto messages = Take(node);
  EXPECT_EQ(messages.size(), 127u - 64u + 1u);
  EXPECT_EQ(messages.back().kind, Kind::kLegJoined);
  EXPECT_EQ(messages.back().who.leg.leg, late.leg);
  EXPECT_EQ(node.Total(&WorkerCounters::ticks_skipped), 0u);
  EXPECT_GT(late.received.size(), 3u) << "the room goes on";
  // Taken again, the gap is in the times.
  node.Run(100 * kMs);
  const auto after = Take(node);
  ASSERT_FALSE(after.empty());
  EXPECT_GT(after.front().tick_ns, messages[messages.size() - 2].tick_ns + kSecond / 2);
}

TEST(TapTest, ARemovedBridgesSlotIsFreeAndItsNextOwnerHasNoTap) {
  TestNode node({.bridges_max = 1, .tap_ring_size = kRing});
  const BridgeSlot bridge = *node.engine().AddBridge();
  ASSERT_TRUE(node.engine().SetBridgeTap(bridge, {.id = 3, .mix_8000 = true}).ok());
  node.Call(Codec::kPcmu, bridge);
  node.Run(200 * kMs);
  ASSERT_TRUE(node.engine().RemoveBridge(bridge).ok());
  EXPECT_EQ(node.engine().SetBridgeTap(bridge, {.id = 4, .mix_8000 = true}).code(), absl::StatusCode::kNotFound);
  node.Run(200 * kMs);
  EXPECT_FALSE(node.engine().pending());
  Take(node);
  ASSERT_EQ(*node.engine().AddBridge(), bridge);
  node.Call(Codec::kPcmu, bridge);
  node.Run(200 * kMs);
  EXPECT_TRUE(Take(node).empty());
}

TEST(TapTest, AnotherIdBeginsAnewAndAnotherWishDoesNot) {
  TestNode node({.tap_ring_size = kRing});
  const BridgeSlot bridge = *node.engine().AddBridge();
  node.Call(Codec::kPcmu, bridge);
  ASSERT_TRUE(node.engine().SetBridgeTap(bridge, {.id = 3, .mix_8000 = true}).ok());
  node.Run(100 * kMs);
  EXPECT_EQ(CountOf(Take(node), Kind::kLegJoined), 1u);
  ASSERT_TRUE(node.engine().SetBridgeTap(bridge, {.id = 3, .mix_8000 = true, .legs = true}).ok());
  node.Run(100 * kMs);
  EXPECT_EQ(CountOf(Take(node), Kind::kLegJoined), 0u);
  // The end of the one and the beginning of the next in one command.
  ASSERT_TRUE(node.engine().SetBridgeTap(bridge, {}).ok());
  ASSERT_TRUE(node.engine().SetBridgeTap(bridge, {.id = 4, .mix_8000 = true}).ok());
  node.Run(100 * kMs);
  const auto messages = Take(node);
  EXPECT_EQ(CountOf(messages, Kind::kLegJoined), 1u);
  EXPECT_EQ(messages.back().tap, 4u);
}

TEST(TapTest, WithoutARingThereIsNoTap) {
  TestNode node({});
  EXPECT_EQ(node.engine().SetBridgeTap(*node.engine().AddBridge(), {.id = 1, .legs = true}).code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tutti::mediaplane
