#include "mediaplane/jitter/jitter_buffer.h"

#include <gtest/gtest.h>

#include "mediaplane/jitter/stream_simulator.h"

namespace tutti::mediaplane {
namespace {

using Kind = JitterFrame::Kind;

// `count` packets of `units`, one every `interval_ns` from `from_ns`.
void SendSteadily(StreamSimulator& simulator, int64_t from_ns, int count, uint32_t units, int64_t interval_ns) {
  for (int i = 0; i < count; ++i) simulator.Send(from_ns + i * interval_ns, units);
}

TEST(JitterBufferTest, APacketThreeMillisecondsBeforeTheTickPlaysInIt) {
  StreamSimulator simulator;
  SendSteadily(simulator, 17 * kMs, 50, 160, 20 * kMs);
  simulator.Run(kSecond);
  EXPECT_EQ(simulator.At(0).kind, Kind::kSilence);
  EXPECT_EQ(simulator.At(20 * kMs).first_byte, 0);
  EXPECT_EQ(simulator.At(980 * kMs).first_byte, 48);
  EXPECT_EQ(simulator.At(980 * kMs).delay_us, 3'000);
  EXPECT_EQ(simulator.Count(Kind::kLost), 0);
}

TEST(JitterBufferTest, APacketNearerThanThatWaitsForTheNextTick) {
  StreamSimulator simulator;
  SendSteadily(simulator, 17 * kMs + 1, 10, 160, 20 * kMs);
  simulator.Run(100 * kMs);
  EXPECT_EQ(simulator.At(20 * kMs).kind, Kind::kSilence);
  EXPECT_EQ(simulator.At(40 * kMs).first_byte, 0);
}

TEST(JitterBufferTest, LossIsConcealedWithoutMoreDelay) {
  StreamSimulator simulator;
  SendSteadily(simulator, 5 * kMs, 10, 160, 20 * kMs);
  for (int i = 0; i < 3; ++i) simulator.Send(-1, 160);
  SendSteadily(simulator, (5 + 13 * 20) * kMs, 20, 160, 20 * kMs);
  simulator.Run(600 * kMs);
  EXPECT_EQ(simulator.Count(Kind::kLost), 3);
  EXPECT_EQ(simulator.At(220 * kMs).kind, Kind::kLost);
  EXPECT_EQ(simulator.At(280 * kMs).first_byte, 13);
  EXPECT_EQ(simulator.At(280 * kMs).delay_us, 15'000);
  EXPECT_TRUE(simulator.Balanced());
}

TEST(JitterBufferTest, ALatePacketIsWaitedForAndTheDelayRisesAtOnce) {
  StreamSimulator simulator;
  SendSteadily(simulator, 5 * kMs, 10, 160, 20 * kMs);
  SendSteadily(simulator, (5 + 10 * 20 + 50) * kMs, 20, 160, 20 * kMs);
  simulator.Run(500 * kMs);
  EXPECT_EQ(simulator.Count(Kind::kLost), 2);
  EXPECT_EQ(simulator.At(240 * kMs).first_byte, -1);
  EXPECT_EQ(simulator.At(260 * kMs).first_byte, 10) << "nothing is thrown away";
  EXPECT_EQ(simulator.At(280 * kMs).first_byte, 11);
  EXPECT_EQ(simulator.At(280 * kMs).delay_us, 5'000);
  EXPECT_EQ(simulator.inserts[JitterInsert::kLate], 0);
}

TEST(JitterBufferTest, AReorderedPacketThatMissesItsTickRaisesTheDelay) {
  StreamSimulator simulator;
  simulator.Send(15 * kMs, 160);
  simulator.Send(35 * kMs, 160);
  simulator.Send(85 * kMs, 160);  // due at 60
  simulator.Send(75 * kMs, 160);
  SendSteadily(simulator, 95 * kMs, 20, 160, 20 * kMs);
  simulator.Run(300 * kMs);
  EXPECT_EQ(simulator.inserts[JitterInsert::kLate], 1);
  EXPECT_EQ(simulator.buffer.counters().packets_late, 1u);
  EXPECT_GE(simulator.At(280 * kMs).delay_us, 20'000);
  EXPECT_TRUE(simulator.Balanced());
}

TEST(JitterBufferTest, ReorderingWithinTheDelayLosesNothing) {
  StreamSimulator simulator;
  simulator.Send(30 * kMs, 160);
  for (int i = 0; i < 20; ++i) {
    simulator.Send((34 + 40 * i) * kMs, 160);
    simulator.Send((32 + 40 * i) * kMs, 160);
  }
  simulator.Run(800 * kMs);
  EXPECT_EQ(simulator.inserts[JitterInsert::kAccepted], static_cast<int>(simulator.buffer.counters().packets_accepted));
  EXPECT_LE(simulator.Count(Kind::kLost), 1);
  EXPECT_EQ(simulator.buffer.counters().units_discarded, 0u);
}

TEST(JitterBufferTest, DuplicatesCountAndDontPlay) {
  StreamSimulator simulator;
  for (int i = 0; i < 50; ++i) {
    simulator.Send((10 + 20 * i) * kMs, 160);
    simulator.Repeat((11 + 20 * i) * kMs);
    simulator.Repeat((45 + 20 * i) * kMs);
  }
  simulator.Run(kSecond);
  EXPECT_EQ(simulator.buffer.counters().packets_accepted, 50u);
  EXPECT_EQ(simulator.buffer.counters().packets_duplicate, 98u) << "two are still underway";
  EXPECT_EQ(simulator.Count(Kind::kAudio), 50);
  EXPECT_EQ(simulator.buffer.counters().restarts, 0u);
}

struct Ptime {
  Codec codec;
  uint32_t units;
};

class PtimeTest : public testing::TestWithParam<Ptime> {};

TEST_P(PtimeTest, PacketsOfAnyLengthGiveWholeFramesWithoutAHole) {
  const AudioFormat& format = FormatOf(GetParam().codec);
  for (int64_t phase_ms = 0; phase_ms < 20; ++phase_ms) {
    StreamSimulator simulator;
    simulator.sender.codec = GetParam().codec;
    const int64_t interval_ns = int64_t{GetParam().units} * kSecond / format.clock_rate;
    const int count = static_cast<int>(4 * kSecond / interval_ns);
    SendSteadily(simulator, phase_ms * kMs, count, GetParam().units, interval_ns);
    simulator.Run(3500 * kMs);
    ASSERT_EQ(simulator.Count(Kind::kLost), 0) << "phase " << phase_ms;
    EXPECT_GE(simulator.Count(Kind::kAudio), 172);
    int expected = 0;
    for (const auto& output : simulator.outputs) {
      if (output.kind == Kind::kAudio) {
        ASSERT_EQ(output.first_byte, expected++ % 251);
      }
    }
    EXPECT_EQ(simulator.buffer.counters().units_discarded, 0u);
    EXPECT_TRUE(simulator.Balanced());
  }
}

// 10 … 60 ms; what ffmpeg (1460 bytes) and GStreamer (MTU 1400) send by default; odd.
INSTANTIATE_TEST_SUITE_P(All, PtimeTest,
                         testing::Values(Ptime{Codec::kPcmu, 80}, Ptime{Codec::kPcmu, 160}, Ptime{Codec::kPcmu, 240},
                                         Ptime{Codec::kPcmu, 320}, Ptime{Codec::kPcmu, 480}, Ptime{Codec::kPcmu, 1460},
                                         Ptime{Codec::kPcma, 1388}, Ptime{Codec::kPcmu, 185}, Ptime{Codec::kPcmu, 41},
                                         Ptime{Codec::kG722, 160}, Ptime{Codec::kG722, 1388},
                                         Ptime{Codec::kL16At8000, 160}, Ptime{Codec::kL16At8000, 694},
                                         Ptime{Codec::kL16At16000, 320}, Ptime{Codec::kL16At16000, 694},
                                         Ptime{Codec::kL16At16000, 160}));

TEST(JitterBufferTest, TheCeilingHoldsAfterALongStall) {
  StreamSimulator simulator;
  SendSteadily(simulator, 15 * kMs, 50, 160, 20 * kMs);
  // Half a second is held up and comes at once.
  for (int i = 0; i < 25; ++i) simulator.Send(1515 * kMs, 160);
  SendSteadily(simulator, 1535 * kMs, 1000, 160, 20 * kMs);
  simulator.Run(15 * kSecond);
  int64_t highest_us = 0;
  for (const auto& output : simulator.outputs) highest_us = std::max(highest_us, output.delay_us);
  EXPECT_LE(highest_us, 300'000);
  EXPECT_GE(highest_us, 200'000);
  EXPECT_EQ(simulator.Count(Kind::kLost, 1'600 * kMs), 0) << "what comes down stays enough";
  EXPECT_TRUE(simulator.Balanced());
}

TEST(JitterBufferTest, TheCeilingHoldsOverALongLoss) {
  StreamSimulator simulator;
  SendSteadily(simulator, 15 * kMs, 10, 160, 20 * kMs);
  for (int i = 0; i < 24; ++i) simulator.Send(-1, 160);
  // What comes next is 480 ms further on, at once.
  SendSteadily(simulator, 216 * kMs, 50, 160, 20 * kMs);
  simulator.Run(kSecond);
  for (const auto& output : simulator.outputs) ASSERT_LE(output.delay_us, 300'000);
  EXPECT_TRUE(simulator.Balanced());
}

TEST(JitterBufferTest, AfterASpikeTheDelayIsBackWithinTenSecondsOfLoudAudio) {
  for (int spike_ms = 20; spike_ms <= 300; spike_ms += 20) {
    StreamSimulator simulator;
    SendSteadily(simulator, 15 * kMs, 500, 160, 20 * kMs);
    // Packets of the spike's time all come at its end.
    for (int i = 0; i < spike_ms / 20; ++i) simulator.Send((10'000 + spike_ms) * kMs, 160);
    SendSteadily(simulator, (10'015 + spike_ms) * kMs, 600, 160, 20 * kMs);
    simulator.Run((20'020 + spike_ms) * kMs);
    EXPECT_LT(simulator.outputs.back().delay_us, 23'000) << spike_ms;
    EXPECT_TRUE(simulator.Balanced());
  }
}

TEST(JitterBufferTest, InSilenceTheDelayComesDownSooner) {
  StreamSimulator simulator;
  simulator.silent = [](int64_t tick_ns) { return tick_ns > 12 * kSecond; };
  SendSteadily(simulator, 15 * kMs, 500, 160, 20 * kMs);
  for (int i = 0; i < 10; ++i) simulator.Send(10'200 * kMs, 160);
  SendSteadily(simulator, 10'215 * kMs, 600, 160, 20 * kMs);
  simulator.Run(15 * kSecond);
  EXPECT_GT(simulator.At(11'980 * kMs).delay_us, 150'000);
  EXPECT_LT(simulator.At(14'000 * kMs).delay_us, 23'000);
  EXPECT_EQ(simulator.buffer.counters().frames_discarded, 10u);
}

TEST(JitterBufferTest, DriftCostsAFrameEveryHundredSeconds) {
  for (const int ppm : {-200, 200}) {
    StreamSimulator simulator;
    const int64_t interval_ns = 20 * kMs + 20 * ppm;
    SendSteadily(simulator, 10 * kMs, 30'000, 160, interval_ns);
    simulator.Run(590 * kSecond);
    const JitterCounters& counters = simulator.buffer.counters();
    EXPECT_LE(counters.frames_concealed + counters.frames_discarded, 7u) << ppm;
    EXPECT_GE(counters.frames_concealed + counters.frames_discarded, 5u) << ppm;
    EXPECT_EQ(counters.restarts, 0u);
    for (const auto& output : simulator.outputs) ASSERT_LE(output.delay_us, 33'000);
    EXPECT_TRUE(simulator.Balanced());
  }
}

TEST(JitterBufferTest, NothingForLongIsSilenceAndTheNextWordsStartAfresh) {
  StreamSimulator simulator;
  SendSteadily(simulator, 15 * kMs, 10, 160, 20 * kMs);
  simulator.sender.timestamp += 160 * 100;  // a pause: numbered on
  SendSteadily(simulator, 2'215 * kMs, 50, 160, 20 * kMs);
  simulator.Run(3 * kSecond);
  EXPECT_EQ(simulator.Count(Kind::kLost), kJitterConcealFramesMax);
  EXPECT_EQ(simulator.At(500 * kMs).kind, Kind::kSilence);
  EXPECT_EQ(simulator.At(2'220 * kMs).first_byte, 10);
  EXPECT_EQ(simulator.At(2'220 * kMs).delay_us, 5'000);
  EXPECT_EQ(simulator.buffer.counters().restarts, 0u);
}

TEST(JitterBufferTest, ComfortNoiseIsSilenceAtOnceAndItsNumbersAreNotMissing) {
  StreamSimulator simulator;
  SendSteadily(simulator, 15 * kMs, 10, 160, 20 * kMs);
  simulator.Run(200 * kMs);
  RtpPacket noise;
  noise.ssrc = simulator.sender.ssrc;
  noise.sequence = simulator.sender.sequence++;
  noise.timestamp = simulator.sender.timestamp;
  simulator.buffer.InsertNonAudio(noise, 215 * kMs);
  simulator.sender.timestamp += 160 * 50;
  SendSteadily(simulator, 1'215 * kMs, 10, 160, 20 * kMs);
  simulator.Run(1'400 * kMs);
  EXPECT_EQ(simulator.Count(Kind::kLost), 0);
  EXPECT_EQ(simulator.At(220 * kMs).kind, Kind::kSilence);
  EXPECT_EQ(simulator.At(1'220 * kMs).first_byte, 10);
}

TEST(JitterBufferTest, AfterAPauseNoOldDelayIsKept) {
  StreamSimulator simulator;
  SendSteadily(simulator, 15 * kMs, 50, 160, 20 * kMs);
  // A stall puts the delay up by 80 ms.
  for (int i = 0; i < 4; ++i) simulator.Send(1'080 * kMs, 160);
  SendSteadily(simulator, 1'095 * kMs, 10, 160, 20 * kMs);
  // A pause that the buffer outlasts but for three frames.
  simulator.sender.timestamp += 8 * 160;
  SendSteadily(simulator, 1'455 * kMs, 20, 160, 20 * kMs);
  simulator.Run(1'800 * kMs);
  EXPECT_GT(simulator.At(1'280 * kMs).delay_us, 60'000);
  EXPECT_EQ(simulator.At(1'460 * kMs).first_byte, 64);
  EXPECT_EQ(simulator.outputs.back().delay_us, 5'000);
  EXPECT_EQ(simulator.buffer.counters().restarts, 0u);
}

TEST(JitterBufferTest, HalfAFrameBeforeComfortNoiseIsHeard) {
  StreamSimulator simulator;
  SendSteadily(simulator, 5 * kMs, 5, 240, 30 * kMs);  // seven frames and a half
  simulator.Run(145 * kMs);
  RtpPacket noise;
  noise.ssrc = simulator.sender.ssrc;
  noise.sequence = simulator.sender.sequence;
  simulator.buffer.InsertNonAudio(noise, 150 * kMs);
  simulator.Run(300 * kMs);
  EXPECT_EQ(simulator.Count(Kind::kAudio), 8);
  EXPECT_EQ(simulator.Count(Kind::kLost), 0);
  EXPECT_EQ(simulator.buffer.counters().units_concealed, 80u);
  EXPECT_TRUE(simulator.Balanced());
}

TEST(JitterBufferTest, SkippedTicksDontAddDelay) {
  JitterBuffer buffer;
  std::vector<uint8_t> payload(160);
  RtpPacket packet;
  packet.payload = payload;
  for (int i = 0; i < 10; ++i) {
    packet.sequence = static_cast<uint16_t>(i);
    packet.timestamp = static_cast<uint32_t>(160 * i);
    std::fill(payload.begin(), payload.end(), static_cast<uint8_t>(i));
    buffer.Insert(packet, Codec::kPcmu, 20 * kMs * i);
    if (i < 3) buffer.Pull(20 * kMs * i + 10 * kMs);
  }
  // The worker lost ticks 3 to 8.
  const JitterFrame frame = buffer.Pull(190 * kMs);
  ASSERT_EQ(frame.kind, Kind::kAudio);
  EXPECT_EQ(frame.bytes[0], 9);
  EXPECT_EQ(buffer.counters().frames_discarded, 6u);
}

TEST(JitterBufferTest, RefusesWhatIsNoAudio) {
  JitterBuffer buffer;
  std::vector<uint8_t> payload(161);
  RtpPacket packet;
  packet.payload = payload;
  EXPECT_EQ(buffer.Insert(packet, Codec::kL16At8000, 0), JitterInsert::kMalformed);
  packet.payload = {};
  EXPECT_EQ(buffer.Insert(packet, Codec::kPcmu, 0), JitterInsert::kEmpty);
  payload.resize(65'000);
  packet.payload = payload;
  EXPECT_EQ(buffer.Insert(packet, Codec::kPcmu, 0), JitterInsert::kOverflow);
  EXPECT_EQ(buffer.Pull(20 * kMs).kind, Kind::kSilence);
  EXPECT_EQ(buffer.counters().packets_dropped, 3u);
}

}  // namespace
}  // namespace tutti::mediaplane
