// Late ticks, skipped ticks, legs that change their worker, media timeout, load.

#include <vector>

#include "common/status/status.h"
#include "gtest/gtest.h"
#include "mediaplane/engine/test_node.h"

namespace tutti::mediaplane {
namespace {

using Kind = EngineEvent::Kind;

size_t Count(const std::vector<EngineEvent>& events, Kind kind) {
  size_t count = 0;
  for (const EngineEvent& event : events) count += event.kind == kind;
  return count;
}

// Sequence numbers and timestamps without a hole.
void ExpectUnbroken(const TestCaller& caller) {
  const uint32_t units = FormatOf(caller.media.codec).units_per_frame;
  for (size_t i = 1; i < caller.received.size(); ++i) {
    ASSERT_EQ(caller.received[i].sequence, static_cast<uint16_t>(caller.received[i - 1].sequence + 1)) << i;
    ASSERT_EQ(caller.received[i].timestamp, caller.received[i - 1].timestamp + units) << i;
    ASSERT_FALSE(caller.received[i].marker) << i;
  }
}

TEST(EngineTimeTest, UpToThreeLateTicksRunBackToBack) {
  TestNode node({});
  TestCaller& caller = node.Call(Codec::kPcmu);
  node.Run(kSecond);
  const size_t before = caller.received.size();
  node.Stall(0, true);
  node.Run(60 * kMs);
  node.Stall(0, false);
  EXPECT_EQ(caller.received.size(), before);
  node.Run(kMs);
  EXPECT_GE(caller.received.size(), before + 3);
  node.Run(kSecond);
  ExpectUnbroken(caller);
  EXPECT_EQ(node.Total(&WorkerCounters::ticks_skipped), 0u);
  EXPECT_GE(node.Total(&WorkerCounters::ticks_late), 2u);
}

TEST(EngineTimeTest, OlderTicksAreSkippedWithTimestampsGoingOn) {
  TestNode node({});
  TestCaller& caller = node.Call(Codec::kPcmu);
  node.Run(kSecond);
  const size_t before = caller.received.size();
  node.Stall(0, true);
  node.Run(400 * kMs);
  node.Stall(0, false);
  node.Run(kSecond);
  EXPECT_NEAR(static_cast<double>(node.Total(&WorkerCounters::ticks_skipped)), 17, 1);
  ASSERT_GT(caller.received.size(), before);
  const auto& last = caller.received[before - 1];
  const auto& next = caller.received[before];
  EXPECT_TRUE(next.marker);
  EXPECT_EQ(next.sequence, static_cast<uint16_t>(last.sequence + 1));
  const uint64_t frames = (next.timestamp - last.timestamp) / 160;
  EXPECT_EQ(frames, node.Total(&WorkerCounters::ticks_skipped) + 1);
  // Time and timestamps agree again, to the tick.
  const auto& end = caller.received.back();
  EXPECT_EQ((end.timestamp - last.timestamp) / 160, static_cast<uint64_t>((end.at_ns - last.at_ns) / kTickNs));
  for (size_t i = before + 1; i < caller.received.size(); ++i) EXPECT_FALSE(caller.received[i].marker);
}

TEST(EngineTimeTest, ASkippingWorkerRefusesNewLegs) {
  TestNode node({.legs_max = 8});
  TestCaller& caller = node.Call(Codec::kPcmu);
  node.Run(kSecond);
  node.Stall(0, true);
  node.Run(400 * kMs);
  node.Stall(0, false);
  node.Run(2 * kSecond);
  EXPECT_TRUE(node.engine().busy());
  EXPECT_EQ(GetErrorDetail(node.engine().AddLeg(caller.media, false).status()).reason, "MEDIA_NODE_BUSY");
  const size_t before = caller.received.size();
  node.Run(6 * kSecond);
  EXPECT_FALSE(node.engine().busy()) << "5 s later it takes legs again";
  EXPECT_EQ(caller.received.size(), before + 300) << "legs that are there stay";
}

TEST(EngineTimeTest, ALoadedWorkerRefusesNewLegsAndTheOtherTakesThem) {
  TestNode node({.workers = 2});
  TestCaller& caller = node.Call(Codec::kPcmu);
  Worker& worker = node.engine().worker(0);
  node.Run(kMs);
  for (int second = 1; second < 8; ++second) {
    worker.Finished(node.now_ns(), node.now_ns() + kSecond * 85 / 100);
    node.Run(kSecond);
  }
  EXPECT_EQ(node.engine().worker_load_percent(0), 85u);
  EXPECT_FALSE(node.engine().busy());
  for (int i = 0; i < 3; ++i) node.Call(Codec::kPcmu);
  node.Run(100 * kMs);
  EXPECT_EQ(node.engine().counters(1).legs.Get(), 3u);
  EXPECT_EQ(node.network().worker_of(caller.leg), 0);
  node.Run(6 * kSecond);
  EXPECT_EQ(node.engine().worker_load_percent(0), 0u);
}

class HandoverTest : public testing::TestWithParam<unsigned> {};

TEST_P(HandoverTest, ALegMovesBetweenWorkersWithoutAMissingPacket) {
  TestNode node({.workers = 2, .phases = GetParam(), .polling = GetParam() == 20});
  std::vector<BridgeSlot> bridges;
  for (int i = 0; i < 6; ++i) bridges.push_back(*node.engine().AddBridge());
  std::vector<TestCaller*> callers;
  const Codec codecs[] = {Codec::kPcmu, Codec::kG722, Codec::kL16At16000};
  for (int i = 0; i < 6; ++i) callers.push_back(&node.Call(codecs[i % 3], bridges[static_cast<size_t>(i)]));
  for (TestCaller* caller : callers) caller->voice = Tone(440, 5000, FormatOf(caller->media.codec).sample_rate);
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    TestCaller& caller = *callers[random() % callers.size()];
    const BridgeSlot bridge = random() % 7 == 0 ? kNoBridgeSlot : bridges[random() % bridges.size()];
    ASSERT_TRUE(node.engine().SetLegBridge(caller.leg, bridge, random()).ok());
    node.Run(static_cast<int64_t>(random() % 120) * kMs);
  }
  node.Run(100 * kMs);
  EXPECT_GT(node.Total(&WorkerCounters::handovers), 50u);
  EXPECT_EQ(node.Total(&WorkerCounters::ticks_skipped), 0u);
  EXPECT_EQ(node.Dropped(EngineDrop::kUnknownLeg), 0u);
  const double ticks = static_cast<double>(node.now_ns() - kSecond) / kTickNs;
  for (TestCaller* caller : callers) {
    ExpectUnbroken(*caller);
    EXPECT_NEAR(static_cast<double>(caller->received.size()), ticks, 2);
    EXPECT_EQ(node.engine().GetLeg(caller->leg)->figures.packets_lost, 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Phases, HandoverTest, testing::Values(4u, 20u));

TEST(EngineTimeTest, MovedLegsHearTheirNewRoomOnly) {
  TestNode node({.workers = 2});
  const BridgeSlot a = *node.engine().AddBridge();
  const BridgeSlot b = *node.engine().AddBridge();
  node.Call(Codec::kPcmu, a).voice = Tone(600, 8000, 8000);
  node.Call(Codec::kPcmu, b).voice = Tone(1100, 8000, 8000);
  TestCaller& caller = node.Call(Codec::kPcmu, a);
  node.Run(kSecond);
  ASSERT_TRUE(node.engine().SetLegBridge(caller.leg, b, 1).ok());
  node.Run(kSecond);
  caller.received.clear();
  node.Run(kSecond);
  EXPECT_LT(ToneAmplitude(caller.Heard(), 600, 8000), 20);
  EXPECT_NEAR(ToneAmplitude(caller.Heard(), 1100, 8000), 8000, 300);
}

LegMedia WithTimeout(int64_t ms) {
  LegMedia media;
  media.media_timeout_ms = ms;
  media.telephone_event_type = 101;
  return media;
}

TEST(EngineTimeTest, MediaTimeoutIsToldOnceForEachSilence) {
  TestNode node({});
  TestCaller& caller = node.Call(WithTimeout(3000));
  node.Run(10 * kSecond);
  EXPECT_EQ(Count(node.events(), Kind::kLegMediaTimeout), 0u);
  caller.sending = false;
  node.Run(2900 * kMs);
  EXPECT_EQ(Count(node.events(), Kind::kLegMediaTimeout), 0u);
  node.Run(700 * kMs);
  EXPECT_EQ(Count(node.events(), Kind::kLegMediaTimeout), 1u);
  EXPECT_TRUE(node.engine().GetLeg(caller.leg)->media_timed_out);
  node.Run(20 * kSecond);
  EXPECT_EQ(Count(node.events(), Kind::kLegMediaTimeout), 1u);
  caller.sending = true;
  node.Run(kSecond);
  EXPECT_FALSE(node.engine().GetLeg(caller.leg)->media_timed_out);
  caller.sending = false;
  node.Run(5 * kSecond);
  EXPECT_EQ(Count(node.events(), Kind::kLegMediaTimeout), 2u);
}

TEST(EngineTimeTest, ALegThatNeverSendsTimesOut) {
  TestNode node({});
  TestCaller& caller = node.Call(WithTimeout(3000));
  caller.sending = false;
  node.Run(4 * kSecond);
  EXPECT_EQ(Count(node.events(), Kind::kLegMediaTimeout), 1u);
}

// Before its worker has begun with it, a leg must not look like the one whose
// slot it took.
TEST(EngineTimeTest, ANewLegInTheSlotOfOneThatTimedOutIsFresh) {
  TestNodeOptions options;
  options.legs_max = 1;
  TestNode node(options);
  TestCaller& caller = node.Call(WithTimeout(3000));
  caller.sending = false;
  node.Run(4 * kSecond);
  ASSERT_TRUE(node.engine().GetLeg(caller.leg)->media_timed_out);
  ASSERT_TRUE(node.engine().RemoveLeg(caller.leg, 1).ok());
  node.Run(kSecond);
  TestCaller& next = node.Call(WithTimeout(3000));
  ASSERT_EQ(next.leg, caller.leg);
  EXPECT_FALSE(node.engine().GetLeg(next.leg)->media_timed_out);
  EXPECT_EQ(node.engine().GetLeg(next.leg)->figures.packets_sent, 0u);
}

TEST(EngineTimeTest, NoMediaTimeoutOnHoldAndAFullOneAfterIt) {
  TestNode node({});
  TestCaller& caller = node.Call(WithTimeout(3000));
  node.Run(kSecond);
  LegMedia held = caller.media;
  held.may_receive = false;
  ASSERT_TRUE(node.engine().UpdateLeg(caller.leg, held).ok());
  caller.sending = false;
  node.Run(3600 * kSecond / 60);
  EXPECT_EQ(Count(node.events(), Kind::kLegMediaTimeout), 0u);
  ASSERT_TRUE(node.engine().UpdateLeg(caller.leg, caller.media).ok());
  node.Run(2900 * kMs);
  EXPECT_EQ(Count(node.events(), Kind::kLegMediaTimeout), 0u);
  node.Run(kSecond);
  EXPECT_EQ(Count(node.events(), Kind::kLegMediaTimeout), 1u);
}

TEST(EngineTimeTest, ComfortNoiseMakesTheMediaTimeoutLong) {
  TestNode node({});
  TestCaller& caller = node.Call(WithTimeout(3000));
  node.Run(kSecond);
  caller.sending = false;
  std::vector<uint8_t> comfort_noise = caller.NextPacket();
  comfort_noise[1] = kComfortNoisePayloadType;
  comfort_noise.resize(13);
  node.Deliver(caller, comfort_noise);
  node.Run(299 * kSecond);
  EXPECT_EQ(Count(node.events(), Kind::kLegMediaTimeout), 0u);
  EXPECT_EQ(node.Total(&WorkerCounters::comfort_noise_received), 1u);
  node.Run(3 * kSecond);
  EXPECT_EQ(Count(node.events(), Kind::kLegMediaTimeout), 1u);
}

TEST(EngineTimeTest, RtcpAloneKeepsALegAlive) {
  TestNode node({});
  TestCaller& caller = node.Call(WithTimeout(3000));
  caller.sending = false;
  const std::vector<uint8_t> report = {0x80, 201, 0, 1, 0, 0, 0, 1};
  for (int i = 0; i < 10; ++i) {
    node.network().Deliver(caller.leg, caller.address, report, node.now_ns(), true);
    node.Run(2 * kSecond);
  }
  EXPECT_EQ(Count(node.events(), Kind::kLegMediaTimeout), 0u);
}

TEST(EngineTimeTest, LostEventsAreToldAsResync) {
  TestNode node({.legs_max = 5000});
  for (int i = 0; i < 5000; ++i) {
    LegMedia media = WithTimeout(1000);
    media.remote_rtp.port = 4000;
    ASSERT_TRUE(node.engine().AddLeg(media, false).ok());
    if (i % 1000 == 999) {
      // Lets the worker take the commands; what it sends is nobody's.
      for (int round = 0; round < 20; ++round) {
        node.engine().worker(0).RunOnce(kSecond);
        node.network().Collect([](const PacketMeta&, std::span<const uint8_t>) {});
      }
    }
  }
  for (int64_t now = kSecond; now < 4 * kSecond; now += 5 * kMs) {
    node.engine().worker(0).RunOnce(now);
    node.network().Collect([](const PacketMeta&, std::span<const uint8_t>) {});
  }
  std::vector<EngineEvent> events;
  node.engine().Poll(events);
  EXPECT_GE(Count(events, Kind::kLegMediaTimeout), 4095u);
  EXPECT_EQ(Count(events, Kind::kResync), 1u);
  size_t timed_out = 0;
  for (LegSlot leg = 0; leg < 5000; ++leg) timed_out += node.engine().GetLeg(leg)->media_timed_out;
  EXPECT_EQ(timed_out, 5000u) << "the state says what the events could not";
}

}  // namespace
}  // namespace tutti::mediaplane
