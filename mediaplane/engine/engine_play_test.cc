// Sounds played to legs and bridges: what is heard, by whom, when, and what is told.

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "mediaplane/audio/sound.h"
#include "mediaplane/engine/test_node.h"

namespace tutti::mediaplane {
namespace {

std::shared_ptr<const Sound> ToneSound(double hz, int64_t frames) {
  std::vector<int16_t> samples(static_cast<size_t>(frames) * 160);
  for (size_t i = 0; i < samples.size(); ++i) samples[i] = Tone(hz, 6000, 8000)(static_cast<int64_t>(i));
  return Sound::Make(samples, MixRate::k8000);
}

double Level(const TestCaller& caller, double hz, double seconds = 0.4) {
  const int rate = FormatOf(caller.media.codec).sample_rate;
  const std::vector<int16_t> heard = caller.Heard();
  const auto count = std::min(heard.size(), static_cast<size_t>(rate * seconds));
  return 20 * std::log10(std::max(ToneAmplitude(std::span(heard).last(count), hz, rate), 1e-3) / 6000);
}

std::vector<EngineEvent> Ends(TestNode& node) {
  std::vector<EngineEvent> ends;
  for (const EngineEvent& event : node.events()) {
    if (event.kind == EngineEvent::Kind::kPlayEnded) ends.push_back(event);
  }
  return ends;
}

class PlayTest : public testing::TestWithParam<Codec> {};

TEST_P(PlayTest, ALegAloneHearsWhatIsPlayedToIt) {
  TestNode node({.workers = 2});
  const BridgeSlot bridge = *node.engine().AddBridge();
  TestCaller& one = node.Call(GetParam(), bridge);
  TestCaller& two = node.Call(Codec::kPcmu, bridge);
  TestCaller& loose = node.Call(GetParam());
  two.voice = Tone(503, 6000, 8000);
  node.Run(kSecond);
  ASSERT_TRUE(node.engine().PlayToLeg(one.leg, {.sound = ToneSound(1103, 100), .tag = 7}).ok());
  ASSERT_TRUE(node.engine().PlayToLeg(loose.leg, {.sound = ToneSound(811, 100), .tag = 8, .volume_db = -6}).ok());
  node.Run(kSecond);
  EXPECT_NEAR(Level(one, 1103), 0, 0.5);
  EXPECT_NEAR(Level(one, 503), 0, 0.5) << "over what it hears of the room";
  EXPECT_LT(Level(one, 811), -50);
  EXPECT_LT(Level(two, 1103), -50);
  EXPECT_NEAR(Level(loose, 811), -6, 0.5);
  EXPECT_TRUE(Ends(node).empty());
  EXPECT_TRUE(node.engine().playing());
  node.Run(1500 * kMs);
  const auto ends = Ends(node);
  ASSERT_EQ(ends.size(), 2u);
  for (const EngineEvent& end : ends) {
    EXPECT_EQ(end.end, PlayEnd::kFinished);
    EXPECT_EQ(end.leg, end.tag == 7 ? one.leg : loose.leg);
    EXPECT_EQ(end.bridge, kNoBridgeSlot);
  }
  EXPECT_LT(Level(one, 1103), -50);
  EXPECT_NEAR(Level(one, 503), 0, 0.5);
  EXPECT_LT(Level(loose, 811), -50);
  EXPECT_FALSE(node.engine().playing());
}

TEST_P(PlayTest, AllInABridgeHearWhatIsPlayedToIt) {
  TestNode node({});
  const BridgeSlot bridge = *node.engine().AddBridge();
  TestCaller& one = node.Call(GetParam(), bridge);
  TestCaller& talker = node.Call(Codec::kPcmu, bridge);
  TestCaller& deaf = node.Call(GetParam(), bridge);
  TestCaller& elsewhere = node.Call(GetParam(), *node.engine().AddBridge());
  talker.voice = Tone(503, 6000, 8000);
  ASSERT_TRUE(node.engine().SetLegSettings(deaf.leg, {.deaf = true}).ok());
  node.Run(kSecond);
  ASSERT_TRUE(node.engine().PlayToBridge(bridge, {.sound = ToneSound(1103, 50), .tag = 9, .loop = true}).ok());
  node.Run(3 * kSecond);
  EXPECT_NEAR(Level(one, 1103), 0, 0.5);
  EXPECT_NEAR(Level(one, 503), 0, 0.5);
  EXPECT_NEAR(Level(talker, 1103), 0, 0.5);
  EXPECT_LT(Level(talker, 503), -50);
  EXPECT_LT(Level(deaf, 1103), -50);
  EXPECT_LT(Level(elsewhere, 1103), -50);
  // Before the host is there, too.
  ASSERT_TRUE(node.engine().SetBridge(bridge, {.parted = true}).ok());
  node.Run(kSecond);
  EXPECT_NEAR(Level(one, 1103), 0, 0.5);
  EXPECT_LT(Level(one, 503), -50);
  EXPECT_TRUE(Ends(node).empty());
  ASSERT_TRUE(node.engine().StopBridge(bridge).ok());
  ASSERT_TRUE(node.engine().StopBridge(bridge).ok());
  node.Run(kSecond);
  const auto ends = Ends(node);
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].end, PlayEnd::kStopped);
  EXPECT_EQ(ends[0].bridge, bridge);
  EXPECT_EQ(ends[0].tag, 9u);
  EXPECT_LT(Level(one, 1103), -50);
}

INSTANTIATE_TEST_SUITE_P(Codecs, PlayTest,
                         testing::Values(Codec::kPcmu, Codec::kPcma, Codec::kG722, Codec::kL16At8000,
                                         Codec::kL16At16000));

TEST(EnginePlayTest, EverySampleIsHeardOnceInOrder) {
  TestNode node({});
  TestCaller& caller = node.Call(Codec::kL16At8000);
  node.Run(kSecond);
  std::vector<int16_t> samples(160 * 7 + 3);
  for (size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<int16_t>(i + 1);
  ASSERT_TRUE(node.engine().PlayToLeg(caller.leg, {.sound = Sound::Make(samples, MixRate::k8000)}).ok());
  node.Run(kSecond);
  const std::vector<int16_t> heard = caller.Heard();
  const auto first = std::find(heard.begin(), heard.end(), 1);
  ASSERT_NE(first, heard.end());
  EXPECT_TRUE(std::equal(samples.begin(), samples.end(), first));
  EXPECT_EQ(*(first + static_cast<std::ptrdiff_t>(samples.size())), 0);
}

TEST(EnginePlayTest, OneAtATime) {
  TestNode node({});
  TestCaller& caller = node.Call(Codec::kPcmu);
  const BridgeSlot bridge = *node.engine().AddBridge();
  const auto sound = ToneSound(500, 10);
  ASSERT_TRUE(node.engine().PlayToLeg(caller.leg, {.sound = sound}).ok());
  EXPECT_EQ(node.engine().PlayToLeg(caller.leg, {.sound = sound}).code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(node.engine().PlayToBridge(bridge, {.sound = sound}).ok());
  EXPECT_EQ(node.engine().PlayToBridge(bridge, {.sound = sound}).code(), absl::StatusCode::kFailedPrecondition);
  node.Run(kSecond);
  EXPECT_TRUE(node.engine().PlayToLeg(caller.leg, {.sound = sound}).ok());
  EXPECT_EQ(node.engine().PlayToLeg(63, {.sound = sound}).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(node.engine().PlayToBridge(9, {.sound = sound}).code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(node.engine().PlayToBridge(bridge, {}).ok());
}

TEST(EnginePlayTest, AStoppedSoundFades) {
  TestNode node({});
  TestCaller& caller = node.Call(Codec::kL16At8000);
  const std::vector<int16_t> level(160 * 50, 20'000);
  ASSERT_TRUE(node.engine().PlayToLeg(caller.leg, {.sound = Sound::Make(level, MixRate::k8000)}).ok());
  node.Run(500 * kMs);
  const size_t before = caller.received.size();
  ASSERT_TRUE(node.engine().StopLeg(caller.leg).ok());
  node.Run(100 * kMs);
  const std::vector<int16_t> heard = caller.Heard();
  for (size_t i = before * 160; i < heard.size(); ++i) ASSERT_LE(std::abs(heard[i] - heard[i - 1]), 501) << i;
  EXPECT_EQ(heard.back(), 0);
  ASSERT_EQ(Ends(node).size(), 1u);
  EXPECT_EQ(Ends(node)[0].end, PlayEnd::kStopped);
}

TEST(EnginePlayTest, APlayEndsWithItsTargetAndItsSoundIsLetGo) {
  TestNode node({.workers = 2});
  const BridgeSlot bridge = *node.engine().AddBridge();
  TestCaller& caller = node.Call(Codec::kPcmu, bridge);
  std::weak_ptr<const Sound> leg_sound, bridge_sound, waiting_sound;
  {
    const auto sounds = {ToneSound(500, 50), ToneSound(600, 50), ToneSound(700, 50)};
    leg_sound = *sounds.begin();
    bridge_sound = *(sounds.begin() + 1);
    waiting_sound = *(sounds.begin() + 2);
    ASSERT_TRUE(node.engine().PlayToLeg(caller.leg, {.sound = leg_sound.lock(), .tag = 1, .loop = true}).ok());
    ASSERT_TRUE(node.engine().PlayToBridge(bridge, {.sound = bridge_sound.lock(), .tag = 2, .loop = true}).ok());
    ASSERT_TRUE(node.engine().SetBridge(bridge, {.parted = true, .waiting = waiting_sound.lock()}).ok());
  }
  node.Run(kSecond);
  EXPECT_FALSE(leg_sound.expired());
  EXPECT_FALSE(bridge_sound.expired());
  EXPECT_FALSE(waiting_sound.expired());
  // A worker that stands still may be reading.
  node.Stall(0, true);
  node.Stall(1, true);
  ASSERT_TRUE(node.engine().SetBridge(bridge, {}).ok());
  ASSERT_TRUE(node.engine().RemoveLeg(caller.leg, 1).ok());
  ASSERT_TRUE(node.engine().RemoveBridge(bridge).ok());
  node.Run(200 * kMs);
  EXPECT_FALSE(leg_sound.expired());
  EXPECT_FALSE(bridge_sound.expired());
  EXPECT_FALSE(waiting_sound.expired());
  EXPECT_TRUE(Ends(node).empty());
  node.Stall(0, false);
  node.Stall(1, false);
  node.Run(200 * kMs);
  EXPECT_TRUE(leg_sound.expired());
  EXPECT_TRUE(bridge_sound.expired());
  EXPECT_TRUE(waiting_sound.expired());
  const auto ends = Ends(node);
  ASSERT_EQ(ends.size(), 2u);
  EXPECT_EQ(ends[0].end, PlayEnd::kTargetGone);
  EXPECT_EQ(ends[1].end, PlayEnd::kTargetGone);
  EXPECT_EQ(node.events().back().kind != EngineEvent::Kind::kPlayEnded || node.events().back().bridge == bridge, true);
  EXPECT_EQ(node.engine().bridge_count(), 0u);
  EXPECT_FALSE(node.engine().pending());
}

TEST(EnginePlayTest, ABridgeWithoutLegsPlaysToItsEnd) {
  TestNode node({});
  const BridgeSlot bridge = *node.engine().AddBridge();
  ASSERT_TRUE(node.engine().PlayToBridge(bridge, {.sound = ToneSound(500, 50), .tag = 3}).ok());
  node.Run(500 * kMs);
  EXPECT_EQ(node.engine().counters(0).bridges.Get(), 1u);
  // Who comes in its middle hears the rest.
  TestCaller& caller = node.Call(Codec::kPcmu, bridge);
  node.Run(300 * kMs);
  EXPECT_NEAR(Level(caller, 500, 0.2), 0, 0.5);
  ASSERT_TRUE(node.engine().RemoveLeg(caller.leg, 1).ok());
  node.Run(kSecond);
  ASSERT_EQ(Ends(node).size(), 1u);
  EXPECT_EQ(Ends(node)[0].end, PlayEnd::kFinished);
  EXPECT_EQ(node.engine().counters(0).bridges.Get(), 0u);
}

TEST(EnginePlayTest, AMoveToAnotherWorkerDoesNotDisturbWhatIsPlayedToTheLeg) {
  TestNode node({.workers = 2});
  const BridgeSlot bridges[] = {*node.engine().AddBridge(), *node.engine().AddBridge()};
  TestCaller& caller = node.Call(Codec::kPcmu, bridges[0]);
  ASSERT_TRUE(node.engine().PlayToLeg(caller.leg, {.sound = ToneSound(500, 50), .tag = 3, .loop = true}).ok());
  node.Run(kSecond);
  ASSERT_TRUE(node.engine().SetLegBridge(caller.leg, bridges[1], 2).ok());
  node.Run(kSecond);
  ASSERT_TRUE(node.engine().SetLegBridge(caller.leg, kNoBridgeSlot, 3).ok());
  node.Run(kSecond);
  EXPECT_GT(node.Total(&WorkerCounters::handovers), 0u);
  EXPECT_NEAR(Level(caller, 500), 0, 0.5);
  EXPECT_TRUE(Ends(node).empty());
  ASSERT_TRUE(node.engine().StopLeg(caller.leg).ok());
  node.Run(100 * kMs);
  EXPECT_EQ(Ends(node).size(), 1u);
}

TEST(EnginePlayTest, AStoppedWishThatWasNeverBegunIsToldToo) {
  TestNode node({});
  TestCaller& caller = node.Call(Codec::kPcmu);
  const BridgeSlot bridge = *node.engine().AddBridge();
  ASSERT_TRUE(node.engine().SetBridge(bridge, {.parted = true}).ok());
  // Behind the commands that are under way.
  ASSERT_TRUE(node.engine().PlayToLeg(caller.leg, {.sound = ToneSound(500, 50), .tag = 1}).ok());
  ASSERT_TRUE(node.engine().PlayToBridge(bridge, {.sound = ToneSound(500, 50), .tag = 2}).ok());
  ASSERT_TRUE(node.engine().StopLeg(caller.leg).ok());
  ASSERT_TRUE(node.engine().StopBridge(bridge).ok());
  node.Run(100 * kMs);
  ASSERT_EQ(Ends(node).size(), 2u);
  EXPECT_EQ(Ends(node)[0].end, PlayEnd::kStopped);
  EXPECT_EQ(Ends(node)[1].end, PlayEnd::kStopped);
  EXPECT_FALSE(node.engine().pending());
  EXPECT_TRUE(node.engine().PlayToLeg(caller.leg, {.sound = ToneSound(500, 5)}).ok());
  EXPECT_TRUE(node.engine().PlayToBridge(bridge, {.sound = ToneSound(500, 5)}).ok());
}

}  // namespace
}  // namespace tutti::mediaplane
