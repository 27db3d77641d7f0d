// What each control does to what is heard: tones before, during and after.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "gtest/gtest.h"
#include "mediaplane/audio/sound.h"
#include "mediaplane/engine/test_node.h"

namespace tutti::mediaplane {
namespace {

constexpr double kAmplitude = 6000;
constexpr double kHz[] = {503, 811, 1361, 1709};
constexpr double kAbsentDb = -45;

double Db(double amplitude) { return 20 * std::log10(std::max(amplitude, 1e-3) / kAmplitude); }

std::shared_ptr<const Sound> ToneSound(double hz, int64_t frames, double amplitude = kAmplitude) {
  std::vector<int16_t> samples(static_cast<size_t>(frames) * 320);
  for (size_t i = 0; i < samples.size(); ++i) samples[i] = Tone(hz, amplitude, 16'000)(static_cast<int64_t>(i));
  return Sound::Make(samples, MixRate::k16000);
}

// Four callers of all kinds of codecs, each with its tone, in a bridge.
class SettingsTest : public testing::TestWithParam<unsigned> {
 protected:
  SettingsTest() : node_({.workers = GetParam()}) {
    bridge_ = *node_.engine().AddBridge();
    const Codec codecs[] = {Codec::kPcmu, Codec::kG722, Codec::kL16At8000, Codec::kL16At16000};
    for (int i = 0; i < 4; ++i) {
      callers_[i] = &node_.Call(codecs[i], bridge_);
      callers_[i]->voice = Tone(kHz[i], kAmplitude, FormatOf(codecs[i]).sample_rate);
    }
    node_.Run(kSecond);
  }

  // Level of a tone in what a caller heard in the last 400 ms, against what was
  // said, dB.
  double Level(int listener, double hz) {
    const std::vector<int16_t> heard = callers_[listener]->Heard(40);
    const int rate = FormatOf(callers_[listener]->media.codec).sample_rate;
    return Db(ToneAmplitude(std::span(heard).last(static_cast<size_t>(rate) * 2 / 5), hz, rate));
  }

  void ExpectHears(int listener, int speaker, double db = 0) {
    EXPECT_NEAR(Level(listener, kHz[speaker]), db, 0.5) << listener << " hears " << speaker;
  }
  void ExpectNotHears(int listener, int speaker) {
    EXPECT_LT(Level(listener, kHz[speaker]), kAbsentDb) << listener << " hears " << speaker;
  }
  // All hear all but `speaker` and themselves as ever.
  void ExpectOthersAsEver(int apart = -1) {
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) {
        if (i == j) ExpectNotHears(i, j);
        if (i == j || i == apart || j == apart) continue;
        ExpectHears(i, j);
      }
    }
  }

  void Set(int caller, const LegSettings& settings) {
    ASSERT_TRUE(node_.engine().SetLegSettings(callers_[caller]->leg, settings).ok());
    node_.Run(kSecond);
  }
  LegReference Reference(int caller) { return {callers_[caller]->leg, 1}; }

  TestNode node_;
  BridgeSlot bridge_ = kNoBridgeSlot;
  TestCaller* callers_[4];
};

TEST_P(SettingsTest, MutedIsHeardByNobodyAndHearsAll) {
  ExpectOthersAsEver();
  for (int muted = 0; muted < 4; ++muted) {
    Set(muted, {.muted = true});
    ExpectOthersAsEver(muted);
    for (int i = 0; i < 4; ++i) {
      ExpectNotHears(i, muted);
      if (i != muted) ExpectHears(muted, i);
    }
    Set(muted, {});
    ExpectOthersAsEver();
  }
}

TEST_P(SettingsTest, DeafHearsNobodyAndIsHeard) {
  for (int deaf = 0; deaf < 4; ++deaf) {
    Set(deaf, {.deaf = true});
    ExpectOthersAsEver(deaf);
    for (int i = 0; i < 4; ++i) {
      ExpectNotHears(deaf, i);
      if (i != deaf) ExpectHears(i, deaf);
    }
    Set(deaf, {});
    ExpectOthersAsEver();
  }
}

TEST_P(SettingsTest, OnHoldIsApartAndHearsTheHoldSound) {
  for (int held = 0; held < 4; ++held) {
    Set(held, {.on_hold = true});
    ExpectOthersAsEver(held);
    for (int i = 0; i < 4; ++i) ExpectNotHears(held, i);
    for (int i = 0; i < 4; ++i) ExpectNotHears(i, held);
    EXPECT_LT(Level(held, 2000), kAbsentDb);
    ASSERT_TRUE(node_.engine().SetBridge(bridge_, {.hold = ToneSound(2000, 25)}).ok());
    node_.Run(kSecond);
    for (int i = 0; i < 4; ++i) {
      ExpectNotHears(held, i);
      ExpectNotHears(i, held);
      if (i == held) {
        EXPECT_NEAR(Level(i, 2000), 0, 0.5);
      } else {
        EXPECT_LT(Level(i, 2000), kAbsentDb) << i;
      }
    }
    ASSERT_TRUE(node_.engine().SetBridge(bridge_, {}).ok());
    Set(held, {});
    ExpectOthersAsEver();
    EXPECT_LT(Level(held, 2000), kAbsentDb);
  }
}

TEST_P(SettingsTest, VolumeChangesWhatOthersHearInDb) {
  for (const int8_t db : {-30, -6, 6, 10}) {
    Set(1, {.volume_db = db});
    for (int i : {0, 2, 3}) ExpectHears(i, 1, db);
    ExpectOthersAsEver(1);
  }
  Set(1, {});
  ExpectOthersAsEver();
}

TEST_P(SettingsTest, ACoachIsHeardByOneAndHearsAll) {
  for (int pupil : {0, 1, 2}) {
    LegSettings coach{.exclusive = true};
    coach.heard_only_by[0] = Reference(pupil);
    Set(3, coach);
    ExpectOthersAsEver(3);
    for (int i = 0; i < 3; ++i) {
      i == pupil ? ExpectHears(i, 3) : ExpectNotHears(i, 3);
      ExpectHears(3, i);
    }
  }
  // Another leg in a slot that was named is not the one that was meant.
  LegSettings coach{.exclusive = true};
  coach.heard_only_by[0] = {callers_[0]->leg, 7};
  Set(3, coach);
  ExpectNotHears(0, 3);
  Set(3, {});
  ExpectOthersAsEver();
}

TEST_P(SettingsTest, ANarrowbandCoachIsHeardInBothRates) {
  LegSettings coach{.exclusive = true};
  for (int i = 1; i < 4; ++i) coach.heard_only_by[i] = Reference(i);
  Set(0, coach);
  ExpectOthersAsEver();
}

TEST_P(SettingsTest, PartedNobodyHearsAnybodyAllHearTheWaitingSound) {
  ASSERT_TRUE(node_.engine().SetBridge(bridge_, {.parted = true, .waiting = ToneSound(2000, 25)}).ok());
  node_.Run(kSecond);
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(Level(i, 2000), 0, 0.5) << i;
    for (int j = 0; j < 4; ++j) ExpectNotHears(i, j);
  }
  ASSERT_TRUE(node_.engine().SetBridge(bridge_, {}).ok());
  node_.Run(kSecond);
  ExpectOthersAsEver();
  for (int i = 0; i < 4; ++i) EXPECT_LT(Level(i, 2000), kAbsentDb) << i;
}

TEST_P(SettingsTest, MovedToAnotherRoomItIsHeardThereWithTheSettingsOfTheMove) {
  const BridgeSlot other = *node_.engine().AddBridge();
  TestCaller& there = node_.Call(Codec::kPcma, other);
  there.voice = Tone(331, kAmplitude, 8000);
  const LegSettings muted{.muted = true};
  ASSERT_TRUE(node_.engine().SetLegBridge(callers_[1]->leg, other, 2, &muted).ok());
  const size_t port = callers_[1]->received.size();
  node_.Run(kSecond);
  EXPECT_GE(callers_[1]->received.size() - port, 49u);
  ExpectOthersAsEver(1);
  for (int i : {0, 2, 3}) {
    ExpectNotHears(i, 1);
    ExpectNotHears(1, i);
  }
  EXPECT_NEAR(Level(1, 331), 0, 0.5);
  std::vector<int16_t> heard = there.Heard();
  EXPECT_LT(Db(ToneAmplitude(std::span(heard).last(3200), kHz[1], 8000)), kAbsentDb);
  Set(1, {});
  heard = there.Heard();
  EXPECT_NEAR(Db(ToneAmplitude(std::span(heard).last(3200), kHz[1], 8000)), 0, 0.5);
  // And back, heard from the first moment.
  ASSERT_TRUE(node_.engine().SetLegBridge(callers_[1]->leg, bridge_, 3).ok());
  node_.Run(kSecond);
  ExpectOthersAsEver();
}

INSTANTIATE_TEST_SUITE_P(Workers, SettingsTest, testing::Values(1u, 2u));

// The largest step between neighbouring samples of a tone, and of what was heard.
int LargestStep(std::span<const int16_t> samples) {
  int largest = 0;
  for (size_t i = 1; i < samples.size(); ++i) largest = std::max(largest, std::abs(samples[i] - samples[i - 1]));
  return largest;
}

TEST(EngineSettingsTest, EveryChangeFades) {
  TestNode node({});
  const BridgeSlot bridge = *node.engine().AddBridge();
  TestCaller& talker = node.Call(Codec::kL16At8000, bridge);
  TestCaller& other = node.Call(Codec::kL16At8000, bridge);
  TestCaller& listener = node.Call(Codec::kL16At8000, bridge);
  // No whole number of periods fits into a frame, so that a cut is a step.
  talker.voice = Tone(210, 20'000, 8000);
  other.sending = false;
  node.Run(kSecond);
  LegSettings whisper{.exclusive = true};
  whisper.heard_only_by[0] = {other.leg, 1};
  // 20 000 · 2π · 210 / 8000 a sample, and what a 5 ms fade adds.
  const int step_max = 3300 + 20'000 / 40 + 50;
  const std::vector<LegSettings> changes = {{.muted = true}, {}, {.volume_db = -20}, {}, {.on_hold = true}, {},
                                            whisper,         {}};
  for (const LegSettings& settings : changes) {
    const size_t before = listener.received.size();
    ASSERT_TRUE(node.engine().SetLegSettings(talker.leg, settings).ok());
    node.Run(303 * kMs);
    const auto heard = listener.Heard();
    EXPECT_LE(LargestStep(std::span(heard).subspan((before - 2) * 160)), step_max);
  }
  for (const LegSettings& settings : {LegSettings{.deaf = true}, LegSettings{}, LegSettings{.on_hold = true}}) {
    const size_t before = listener.received.size();
    ASSERT_TRUE(node.engine().SetLegSettings(listener.leg, settings).ok());
    node.Run(303 * kMs);
    const auto heard = listener.Heard();
    EXPECT_LE(LargestStep(std::span(heard).subspan((before - 2) * 160)), step_max);
  }
  ASSERT_TRUE(node.engine().SetLegSettings(listener.leg, {}).ok());
  node.Run(303 * kMs);
  size_t before = listener.received.size();
  ASSERT_TRUE(node.engine().SetLegBridge(talker.leg, kNoBridgeSlot, 5).ok());
  node.Run(303 * kMs);
  auto heard = listener.Heard();
  EXPECT_LE(LargestStep(std::span(heard).subspan((before - 2) * 160)), step_max) << "who leaves mid-word";
  EXPECT_LT(ToneAmplitude(std::span(heard).last(800), 210, 8000), 5);
  ASSERT_TRUE(node.engine().SetLegBridge(talker.leg, bridge, 6).ok());
  node.Run(303 * kMs);
  before = listener.received.size();
  ASSERT_TRUE(node.engine().RemoveLeg(talker.leg, 7).ok());
  node.Run(303 * kMs);
  heard = listener.Heard();
  EXPECT_LE(LargestStep(std::span(heard).subspan((before - 2) * 160)), step_max) << "who is removed mid-word";
}

// A listener's G.722 leaves what all are sent for the time of a whisper, with its memory.
TEST(EngineSettingsTest, AWhisperToAListenerLeavesItsStreamWhole) {
  TestNode node({});
  const BridgeSlot bridge = *node.engine().AddBridge();
  TestCaller& talker = node.Call(Codec::kL16At16000, bridge);
  // Who joins last comes first in a tick.
  TestCaller& coach = node.Call(Codec::kL16At16000, bridge);
  TestCaller& listener = node.Call(Codec::kG722, bridge);
  talker.voice = Tone(510, 9000, 16'000);
  coach.voice = [](int64_t sample) { return sample / 16'000 % 2 == 1 ? Tone(310, 9000, 16'000)(sample) : int16_t{0}; };
  LegSettings settings{.exclusive = true};
  settings.heard_only_by[0] = {listener.leg, 1};
  ASSERT_TRUE(node.engine().SetLegSettings(coach.leg, settings).ok());
  node.Run(800 * kMs);
  const uint64_t before = listener.received.size();
  node.Run(7 * kSecond);
  const auto heard = listener.Heard();
  const auto end = std::span(heard).subspan(before * 320);
  // Of both tones together, and some noise of the codec.
  EXPECT_LE(LargestStep(end), 1802 + 1096 + 9000 / 80 + 150);
  EXPECT_GT(ToneAmplitude(end, 310, 16'000), 3000);
  // Between two whispers it is still sent its own: its far decoder's memory is not
  // that of the shared stream.
  coach.voice = Silence();
  node.Run(kSecond);
  const uint64_t encoded = node.Total(&WorkerCounters::frames_encoded);
  node.Run(kSecond);
  EXPECT_EQ(node.Total(&WorkerCounters::frames_encoded) - encoded, 4u * 50)
      << "the talker's, the coach's, the shared one of G.722, the listener's";
}

TEST(EngineSettingsTest, AFrameDroppedInLoudAudioIsCrossFaded) {
  TestNode node({});
  const BridgeSlot bridge = *node.engine().AddBridge();
  TestCaller& talker = node.Call(Codec::kL16At8000, bridge);
  TestCaller& listener = node.Call(Codec::kL16At8000, bridge);
  // No whole number of periods fits into a frame: a cut would be a step of 12 000.
  talker.voice = Tone(210, 20'000, 8000);
  node.Run(2 * kSecond);
  // The network holds packets back once: the delay rises.
  talker.sending = false;
  node.Run(60 * kMs);
  for (int i = 0; i < 3; ++i) node.Deliver(talker, talker.NextPacket());
  talker.sending = true;
  node.Run(kSecond);
  const size_t before = listener.received.size();
  const uint64_t discarded = node.engine().GetLeg(talker.leg)->figures.frames_discarded;
  node.Run(10 * kSecond);
  EXPECT_GT(node.engine().GetLeg(talker.leg)->figures.frames_discarded, discarded);
  const auto heard = listener.Heard();
  EXPECT_LE(LargestStep(std::span(heard).subspan(before * 160)), 3300 + 2 * 20'000 / 40);
}

// What the others receive, whatever one of them is set to.
std::vector<std::vector<uint8_t>> WithSettings(const LegSettings& settings, size_t listener) {
  TestNode node({});
  const BridgeSlot bridge = *node.engine().AddBridge();
  std::vector<TestCaller*> callers;
  for (const Codec codec : {Codec::kG722, Codec::kPcmu, Codec::kG722, Codec::kL16At16000, Codec::kPcmu}) {
    callers.push_back(&node.Call(codec, bridge));
    if (callers.size() < 3) callers.back()->voice = Tone(400.0 + 90 * static_cast<double>(callers.size()), 7000, 8000);
  }
  node.Run(kSecond);
  EXPECT_TRUE(node.engine().SetLegSettings(callers[4]->leg, settings).ok());
  node.Run(kSecond);
  EXPECT_TRUE(node.engine().SetLegSettings(callers[4]->leg, {}).ok());
  node.Run(kSecond);
  std::vector<std::vector<uint8_t>> payloads;
  for (const auto& packet : callers[listener]->received) payloads.push_back(packet.payload);
  return payloads;
}

TEST(EngineSettingsTest, AListenersSettingsChangeNoBitForTheOthers) {
  for (size_t listener = 0; listener < 4; ++listener) {
    const auto plain = WithSettings({}, listener);
    EXPECT_TRUE(WithSettings({.deaf = true}, listener) == plain) << listener;
    EXPECT_TRUE(WithSettings({.on_hold = true}, listener) == plain) << listener;
    EXPECT_TRUE(WithSettings({.muted = true}, listener) == plain) << listener;
    EXPECT_TRUE(WithSettings({.volume_db = 5}, listener) == plain) << listener;
  }
}

TEST(EngineSettingsTest, WithSettingsTooWhatIsHeardDoesNotDependOnOnesOwnSpeech) {
  const auto run = [](bool speaks) {
    TestNode node({});
    const BridgeSlot bridge = *node.engine().AddBridge();
    TestCaller& one = node.Call(Codec::kPcmu, bridge);
    TestCaller& coach = node.Call(Codec::kG722, bridge);
    TestCaller& loud = node.Call(Codec::kL16At16000, bridge);
    coach.voice = Tone(700, 30'000, 16'000);
    loud.voice = Tone(500, 32'000, 16'000);
    if (speaks) one.voice = Tone(900, 32'000, 8000);
    LegSettings settings{.exclusive = true};
    settings.heard_only_by[0] = {one.leg, 1};
    EXPECT_TRUE(node.engine().SetLegSettings(coach.leg, settings).ok());
    EXPECT_TRUE(node.engine().SetLegSettings(loud.leg, {.volume_db = 10}).ok());
    EXPECT_TRUE(node.engine().SetLegSettings(one.leg, {.volume_db = 3}).ok());
    EXPECT_TRUE(node.engine().PlayToBridge(bridge, {.sound = ToneSound(2000, 20)}).ok());
    node.Run(kSecond);
    EXPECT_TRUE(node.engine().PlayToLeg(one.leg, {.sound = ToneSound(1500, 20)}).ok());
    node.Run(2 * kSecond);
    std::vector<std::vector<uint8_t>> payloads;
    for (const auto& packet : one.received) payloads.push_back(packet.payload);
    return payloads;
  };
  EXPECT_TRUE(run(true) == run(false));
}

TEST(EngineSettingsTest, ListenersShareTheirEncodesAgainAfterwards) {
  for (const Codec codec : {Codec::kPcmu, Codec::kG722}) {
    TestNode node({});
    const BridgeSlot bridge = *node.engine().AddBridge({.hold = ToneSound(900, 50)});
    const int rate = FormatOf(codec).sample_rate;
    std::vector<TestCaller*> listeners;
    for (int i = 0; i < 20; ++i) listeners.push_back(&node.Call(codec, bridge));
    TestCaller& talker = node.Call(codec, bridge);
    // Pauses, in which who has heard something else comes back.
    talker.voice = [rate](int64_t sample) {
      return sample / rate % 4 < 3 ? Tone(440, 8000, rate)(sample) : int16_t{0};
    };
    const auto encodes = [&node](int64_t ns) {
      const uint64_t before = node.Total(&WorkerCounters::frames_encoded);
      node.Run(ns);
      return static_cast<double>(node.Total(&WorkerCounters::frames_encoded) - before) * kTickNs /
             static_cast<double>(ns);
    };
    node.Run(kSecond);
    // For all listeners, and for the talker; silence of G.722 costs nothing.
    const int usual = codec == Codec::kPcmu ? 2 : 1;
    EXPECT_EQ(encodes(kSecond), usual);
    for (size_t i = 0; i < 10; ++i)
      ASSERT_TRUE(node.engine().SetLegSettings(listeners[i]->leg, {.on_hold = true}).ok());
    node.Run(100 * kMs);
    // All on hold hear one and the same: one encode more, where encoding has no memory.
    if (codec == Codec::kPcmu) {
      EXPECT_EQ(encodes(500 * kMs), usual + 1);
    }
    for (size_t i = 0; i < 10; ++i) ASSERT_TRUE(node.engine().SetLegSettings(listeners[i]->leg, {}).ok());
    node.Run(4 * kSecond - node.now_ns() % (4 * kSecond) + 4 * kSecond);
    EXPECT_LE(encodes(4 * kSecond), usual) << FormatOf(codec).name;
    // A room that waits for its host hears one sound, encoded once.
    ASSERT_TRUE(node.engine().SetBridge(bridge, {.parted = true, .waiting = ToneSound(900, 50)}).ok());
    node.Run(5 * kSecond);
    // Who spoke last by a codec with memory has a stream of its own until a pause.
    EXPECT_EQ(encodes(kSecond), codec == Codec::kPcmu ? 1 : 2) << FormatOf(codec).name;
  }
}

}  // namespace
}  // namespace tutti::mediaplane
