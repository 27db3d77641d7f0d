// Digits and who talks.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "mediaplane/audio/sound.h"
#include "mediaplane/engine/test_node.h"

namespace tutti::mediaplane {
namespace {

// Digits told since the last call: "5:160 ".
std::string Digits(TestNode& node) {
  std::string told;
  for (const EngineEvent& event : node.events()) {
    if (event.kind != EngineEvent::Kind::kLegDtmf) continue;
    told += std::string(1, event.digit) + ":" + std::to_string(event.duration_ms) + " ";
  }
  node.events().clear();
  return told;
}

// Sends the next packet of the caller's stream as a telephone-event.
void SendEvent(TestNode& node, TestCaller& caller, uint8_t event, uint16_t duration, bool end, uint32_t timestamp) {
  std::vector<uint8_t> packet(kRtpHeaderBytes);
  WriteRtpHeader(packet.data(), duration == 160, caller.media.telephone_event_type, caller.sequence++, timestamp,
                 caller.ssrc);
  packet.insert(packet.end(), {event, static_cast<uint8_t>((end ? 0x80 : 0) | 10), static_cast<uint8_t>(duration >> 8),
                               static_cast<uint8_t>(duration)});
  node.Deliver(caller, packet);
}

// Presses a digit for so many frames: events instead of audio, three ends.
void Press(TestNode& node, TestCaller& caller, uint8_t event, int frames, bool ends = true) {
  caller.sending = false;
  const uint32_t timestamp = caller.timestamp;
  for (int i = 1; i <= frames; ++i) {
    SendEvent(node, caller, event, static_cast<uint16_t>(160 * i), false, timestamp);
    node.Run(kTickNs);
  }
  for (int i = 0; ends && i < 3; ++i) {
    SendEvent(node, caller, event, static_cast<uint16_t>(160 * frames), true, timestamp);
  }
  caller.timestamp += 160u * static_cast<uint32_t>(frames);
  caller.sending = true;
}

TEST(EngineLiveTest, ADigitIsToldOnceAndNeverHeard) {
  TestNode node({});
  const BridgeSlot bridge = *node.engine().AddBridge();
  TestCaller& caller = node.Call(Codec::kPcmu, bridge);
  TestCaller& other = node.Call(Codec::kL16At8000, bridge);
  node.Run(kSecond + 7 * kMs);
  caller.voice = Tone(500, 8000, 8000);
  node.Run(kSecond);
  EXPECT_EQ(Digits(node), "");
  const size_t from = other.received.size();
  const auto before = node.engine().GetLeg(caller.leg)->figures;
  for (const uint8_t event : {1, 11, 15}) {
    Press(node, caller, event, 8);
    node.Run(kSecond);
  }
  EXPECT_EQ(Digits(node), "1:160 #:160 D:160 ");
  const auto after = node.engine().GetLeg(caller.leg)->figures;
  EXPECT_EQ(after.packets_lost, before.packets_lost);
  EXPECT_EQ(after.frames_concealed, before.frames_concealed);
  EXPECT_EQ(after.packets_dropped, before.packets_dropped);
  EXPECT_EQ(after.buffer_delay_us, before.buffer_delay_us) << "the audio around it keeps its time";
  // Tone, then nothing for the event, then tone: never anything else.
  const std::vector<int16_t> heard = other.Heard();
  int silent = 0, loud = 0;
  for (size_t frame = from; frame < other.received.size(); ++frame) {
    const double amplitude = ToneAmplitude(std::span(heard).subspan(frame * 160, 160), 500, 8000);
    silent += amplitude < 1;
    loud += amplitude > 7500;
  }
  EXPECT_NEAR(silent, 3 * 8, 3);
  EXPECT_GE(silent + loud, static_cast<int>(other.received.size() - from) - 6);
}

TEST(EngineLiveTest, ALostEndIsMadeUpForAfter200Ms) {
  TestNode node({});
  TestCaller& caller = node.Call(Codec::kPcmu);
  node.Run(kSecond + 7 * kMs);
  Press(node, caller, 4, 5, false);
  node.Run(150 * kMs);
  EXPECT_EQ(Digits(node), "");
  node.Run(80 * kMs);
  EXPECT_EQ(Digits(node), "4:100 ");
  node.Run(kSecond);
  EXPECT_EQ(Digits(node), "");
}

TEST(EngineLiveTest, OnlyTheNegotiatedPayloadTypeIsADigit) {
  TestNode node({});
  TestCaller& caller = node.Call(Codec::kPcmu);
  node.Run(kSecond);
  caller.media.telephone_event_type = 97;
  Press(node, caller, 4, 5);
  node.Run(kSecond);
  EXPECT_EQ(Digits(node), "");
  EXPECT_GT(node.Dropped(EngineDrop::kPayloadUnknown), 0u);
  LegMedia without = caller.media;
  without.telephone_event_type = kNoPayloadType;
  ASSERT_TRUE(node.engine().UpdateLeg(caller.leg, without).ok());
  node.Run(100 * kMs);
  caller.media.telephone_event_type = 101;
  Press(node, caller, 4, 5);
  node.Run(kSecond);
  EXPECT_EQ(Digits(node), "");
}

TEST(EngineLiveTest, ADigitOfALegInASlotUsedBeforeIsItsOwn) {
  TestNode node({.legs_max = 1});
  TestCaller& first = node.Call(Codec::kPcmu);
  node.Run(kSecond + 7 * kMs);
  Press(node, first, 4, 5, false);
  ASSERT_TRUE(node.engine().RemoveLeg(first.leg, 1).ok());
  node.Run(40 * kMs);
  node.Call(Codec::kPcmu);
  node.Run(kSecond);
  EXPECT_EQ(Digits(node), "");
}

TEST(EngineLiveTest, ADigitEndsWhatIsPlayedWhenItBegins) {
  TestNode node({});
  TestCaller& caller = node.Call(Codec::kPcmu);
  const std::vector<int16_t> level(8000, 5000);
  const auto sound = Sound::Make(level, MixRate::k8000);
  node.Run(kSecond + 7 * kMs);
  ASSERT_TRUE(node.engine().PlayToLeg(caller.leg, {.sound = sound, .loop = true}).ok());
  node.Run(200 * kMs);
  Press(node, caller, 4, 5);
  node.Run(100 * kMs);
  EXPECT_NE(caller.received.back().payload[0], 0xff) << "it goes on";
  ASSERT_TRUE(node.engine().StopLeg(caller.leg).ok());
  node.Run(100 * kMs);
  node.events().clear();
  ASSERT_TRUE(node.engine().PlayToLeg(caller.leg, {.sound = sound, .loop = true, .stop_on_dtmf = true}).ok());
  node.Run(200 * kMs);
  SendEvent(node, caller, 5, 160, false, caller.timestamp);
  node.Run(50 * kMs);
  ASSERT_EQ(node.events().size(), 1u);
  EXPECT_EQ(node.events()[0].kind, EngineEvent::Kind::kPlayEnded);
  EXPECT_EQ(node.events()[0].end, PlayEnd::kDtmf);
  EXPECT_EQ(caller.received.back().payload[0], 0xff);
}

TEST(EngineLiveTest, LostDigitsAreCountedAndTalkingIsRead) {
  TestNode node({});
  TestCaller& caller = node.Call(Codec::kPcmu, *node.engine().AddBridge());
  node.Run(kSecond);
  caller.voice = Tone(500, 8000, 8000);
  // More than its ring holds between two polls of the control thread.
  uint64_t sent = 0;
  while (sent < 5000) {
    for (int i = 0; i < 40; ++i, ++sent) {
      SendEvent(node, caller, 5, 160, true, caller.timestamp + 1000 * static_cast<uint32_t>(sent));
    }
    node.engine().worker(0).RunOnce(node.now_ns() + static_cast<int64_t>(sent / 40) * kTickNs);
  }
  std::vector<EngineEvent> events;
  node.engine().Poll(events);
  uint64_t told = 0, lost = 0;
  for (const EngineEvent& event : events) {
    told += event.kind == EngineEvent::Kind::kLegDtmf;
    if (event.kind == EngineEvent::Kind::kDtmfLost) lost += event.tag;
  }
  EXPECT_GT(lost, 0u);
  EXPECT_EQ(told + lost, node.Total(&WorkerCounters::digits_received));
  EXPECT_EQ(lost, node.Total(&WorkerCounters::digits_lost));
}

// "1+" begins, "1-" ends, "1>" joined, "1<" left, "1x" removed: by number of the caller.
class TalkingTest : public testing::TestWithParam<unsigned> {
 protected:
  TalkingTest() : node_({.workers = GetParam()}), bridge_(*node_.engine().AddBridge()) {
    caller_ = &node_.Call(Codec::kPcmu, bridge_);
    node_.Run(kSecond);
    Told();
  }

  std::string Told() {
    std::string told;
    for (const EngineEvent& event : node_.events()) {
      using Kind = EngineEvent::Kind;
      if (event.kind == Kind::kLegTalking) told += event.talking ? "+" : "-";
      if (event.kind == Kind::kLegJoined) told += ">";
      if (event.kind == Kind::kLegLeft) told += "<";
      if (event.kind == Kind::kLegRemoved) told += "x";
    }
    node_.events().clear();
    return told;
  }

  // Talks until it was told.
  void Talk() {
    caller_->voice = Tone(500, 8000, 8000);
    node_.Run(300 * kMs);
    ASSERT_EQ(Told(), "+");
    ASSERT_TRUE(node_.engine().GetLeg(caller_->leg)->talking);
  }

  TestNode node_;
  const BridgeSlot bridge_;
  TestCaller* caller_;
};

TEST_P(TalkingTest, BeginsAfterSpeechEndsAfterSilence) {
  caller_->voice = Tone(500, 8000, 8000);
  node_.Run(80 * kMs);
  EXPECT_EQ(Told(), "");
  node_.Run(100 * kMs);
  EXPECT_EQ(Told(), "+");
  node_.Run(kSecond);
  caller_->voice = Silence();
  node_.Run(700 * kMs);
  EXPECT_EQ(Told(), "");
  node_.Run(200 * kMs);
  EXPECT_EQ(Told(), "-");
  EXPECT_FALSE(node_.engine().GetLeg(caller_->leg)->talking);
}

TEST_P(TalkingTest, MuteHoldAndPartedEndItAtOnce) {
  Talk();
  for (const LegSettings& settings : {LegSettings{.muted = true}, LegSettings{.on_hold = true}}) {
    ASSERT_TRUE(node_.engine().SetLegSettings(caller_->leg, settings).ok());
    node_.Run(60 * kMs);
    EXPECT_EQ(Told(), "-");
    node_.Run(kSecond);
    EXPECT_EQ(Told(), "");
    ASSERT_TRUE(node_.engine().SetLegSettings(caller_->leg, {}).ok());
    node_.Run(300 * kMs);
    EXPECT_EQ(Told(), "+");
  }
  ASSERT_TRUE(node_.engine().SetBridge(bridge_, {.parted = true}).ok());
  node_.Run(60 * kMs);
  EXPECT_EQ(Told(), "-");
}

TEST_P(TalkingTest, LeavingMovingAndRemovalEndItFirst) {
  Talk();
  ASSERT_TRUE(node_.engine().SetLegBridge(caller_->leg, kNoBridgeSlot, 2).ok());
  node_.Run(kSecond);
  EXPECT_EQ(Told(), "-<");
  ASSERT_TRUE(node_.engine().SetLegBridge(caller_->leg, bridge_, 3).ok());
  node_.Run(kSecond);
  EXPECT_EQ(Told(), ">+");
  const BridgeSlot other = *node_.engine().AddBridge();
  ASSERT_TRUE(node_.engine().SetLegBridge(caller_->leg, other, 4).ok());
  node_.Run(kSecond);
  EXPECT_EQ(Told(), "-<>+");
  ASSERT_TRUE(node_.engine().RemoveBridge(other).ok());
  node_.Run(kSecond);
  EXPECT_EQ(Told(), "-<");
  ASSERT_TRUE(node_.engine().SetLegBridge(caller_->leg, bridge_, 5).ok());
  node_.Run(kSecond);
  EXPECT_EQ(Told(), ">+");
  ASSERT_TRUE(node_.engine().RemoveLeg(caller_->leg, 6).ok());
  node_.Run(kSecond);
  EXPECT_EQ(Told(), "-<x");
}

TEST_P(TalkingTest, ACodecThatChangesMidWord) {
  Talk();
  caller_->media.codec = Codec::kPcma;
  caller_->media.payload_type = 8;
  ASSERT_TRUE(node_.engine().UpdateLeg(caller_->leg, caller_->media).ok());
  node_.Run(kSecond);
  EXPECT_EQ(Told(), "-+");
}

INSTANTIATE_TEST_SUITE_P(Workers, TalkingTest, testing::Values(1u, 2u));

}  // namespace
}  // namespace tutti::mediaplane
