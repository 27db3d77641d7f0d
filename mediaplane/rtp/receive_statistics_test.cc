#include "mediaplane/rtp/receive_statistics.h"

#include <gtest/gtest.h>

namespace tutti::mediaplane {
namespace {

using Sequence = ReceiveStatistics::Sequence;

constexpr int64_t kMs = 1'000'000;

class Source {
 public:
  explicit Source(ReceiveStatistics& statistics) : statistics_(statistics) {}

  uint32_t ssrc = 1;
  uint16_t sequence = 0;
  uint32_t timestamp = 0;

  Sequence Send(int64_t arrival_ns) {
    RtpPacket packet;
    packet.ssrc = ssrc;
    packet.sequence = sequence++;
    packet.timestamp = timestamp;
    timestamp += 160;
    return statistics_.OnRtp(packet, arrival_ns, 8000);
  }

  void Lose() {
    ++sequence;
    timestamp += 160;
  }

 private:
  ReceiveStatistics& statistics_;
};

TEST(ReceiveStatisticsTest, CountsLossAcrossTheWrap) {
  ReceiveStatistics statistics;
  Source source(statistics);
  source.sequence = 65'500;
  EXPECT_EQ(source.Send(0), Sequence::kFirst);
  for (int i = 1; i < 100; ++i) {
    if (i % 10 == 0) {
      source.Lose();
    } else {
      EXPECT_EQ(source.Send(i * 20 * kMs), Sequence::kInOrder);
    }
  }
  EXPECT_EQ(statistics.packets_received(), 91u);
  EXPECT_EQ(statistics.packets_lost(), 9u);
  const RtcpReportBlock block = statistics.TakeReportBlock(2'000 * kMs);
  EXPECT_EQ(block.highest_sequence, 65536u + 63);
  EXPECT_EQ(block.cumulative_lost, 9);
  EXPECT_EQ(block.fraction_lost, 9 * 256 / 100);
  EXPECT_EQ(block.last_sr, 0u);
  for (int i = 0; i < 10; ++i) source.Send((100 + i) * 20 * kMs);
  EXPECT_EQ(statistics.TakeReportBlock(2'200 * kMs).fraction_lost, 0) << "of this interval only";
}

TEST(ReceiveStatisticsTest, DuplicatesNeverMakeLossNegative) {
  ReceiveStatistics statistics;
  Source source(statistics);
  for (int i = 0; i < 10; ++i) {
    source.Send(i * 20 * kMs);
    --source.sequence;
    source.Send(i * 20 * kMs);
  }
  EXPECT_EQ(statistics.packets_lost(), 0u);
  const RtcpReportBlock block = statistics.TakeReportBlock(0);
  EXPECT_EQ(block.cumulative_lost, -10) << "RFC 3550 section 6.4.1 wants it so";
  EXPECT_EQ(block.fraction_lost, 0);
}

TEST(ReceiveStatisticsTest, AJumpNeedsTwoPacketsInARow) {
  ReceiveStatistics statistics;
  Source source(statistics);
  for (int i = 0; i < 10; ++i) source.Send(i * 20 * kMs);
  Source stray(statistics);
  stray.sequence = 40'000;
  EXPECT_EQ(stray.Send(200 * kMs), Sequence::kJump);
  EXPECT_EQ(source.Send(200 * kMs), Sequence::kInOrder);
  stray.sequence = 50'000;
  EXPECT_EQ(stray.Send(220 * kMs), Sequence::kJump);
  EXPECT_EQ(stray.Send(240 * kMs), Sequence::kRestarted);
  EXPECT_EQ(stray.Send(260 * kMs), Sequence::kInOrder);
  EXPECT_EQ(statistics.packets_received(), 13u);
  EXPECT_EQ(statistics.packets_lost(), 0u);
}

TEST(ReceiveStatisticsTest, ANewSourceStartsAnewAndTheLegsTotalsStay) {
  ReceiveStatistics statistics;
  Source source(statistics);
  for (int i = 0; i < 10; ++i) source.Send(i * 20 * kMs);
  source.Lose();
  source.Send(220 * kMs);
  Source other(statistics);
  other.ssrc = 2;
  other.sequence = 30'000;
  EXPECT_EQ(other.Send(240 * kMs), Sequence::kFirst);
  EXPECT_EQ(statistics.ssrc(), 2u);
  EXPECT_EQ(statistics.source_changes(), 1u);
  EXPECT_EQ(statistics.packets_received(), 12u);
  EXPECT_EQ(statistics.packets_lost(), 1u);
  EXPECT_EQ(statistics.TakeReportBlock(0).cumulative_lost, 0);
}

TEST(ReceiveStatisticsTest, SteadyArrivalHasNoJitterAndUnsteadyConverges) {
  ReceiveStatistics steady;
  Source source(steady);
  for (int i = 0; i < 100; ++i) source.Send(i * 20 * kMs);
  EXPECT_EQ(steady.jitter_us(), 0u);

  // Every second packet 4 ms late: |D| is 4 ms each time, so J goes to 4 ms.
  ReceiveStatistics unsteady;
  Source late(unsteady);
  for (int i = 0; i < 500; ++i) late.Send(i * 20 * kMs + (i % 2) * 4 * kMs);
  EXPECT_NEAR(unsteady.jitter_us(), 4'000, 150);
}

TEST(ReceiveStatisticsTest, EventsAndANewTimeLineAreNotJitter) {
  ReceiveStatistics statistics;
  Source source(statistics);
  for (int i = 0; i < 50; ++i) source.Send(i * 20 * kMs);
  RtpPacket event;
  event.ssrc = 1;
  for (int i = 0; i < 10; ++i) {
    event.sequence = source.sequence++;
    event.timestamp = source.timestamp;
    statistics.OnRtp(event, (1'000 + 50 * i) * kMs, 0);
  }
  source.timestamp += 100'000'000;
  for (int i = 0; i < 50; ++i) source.Send((1'500 + 20 * i) * kMs);
  EXPECT_EQ(statistics.packets_lost(), 0u);
  EXPECT_EQ(statistics.jitter_us(), 0u);
}

TEST(ReceiveStatisticsTest, JitterSurvivesAnyClock) {
  ReceiveStatistics statistics;
  Source source(statistics);
  const int64_t years_ns = int64_t{200} * 365 * 24 * 3600 * 1'000'000'000;
  for (int i = 0; i < 10; ++i) source.Send(years_ns + i * 20 * kMs);
  EXPECT_EQ(statistics.jitter_us(), 0u);
}

TEST(ReceiveStatisticsTest, ReportsEchoTheLastSenderReport) {
  ReceiveStatistics statistics;
  Source source(statistics);
  source.Send(0);
  statistics.OnSenderReport(99, 0x1111222233334444, 0);
  EXPECT_EQ(statistics.TakeReportBlock(0).last_sr, 0u) << "of somebody else";
  statistics.OnSenderReport(1, 0x1111222233334444, 1'000 * kMs);
  const RtcpReportBlock block = statistics.TakeReportBlock(3'500 * kMs);
  EXPECT_EQ(block.last_sr, 0x22223333u);
  EXPECT_EQ(block.delay_since_last_sr, 65536u * 5 / 2);
}

TEST(ReceiveStatisticsTest, RoundTripFromABlockAboutUs) {
  ReceiveStatistics statistics;
  EXPECT_EQ(statistics.round_trip_us(), -1);
  const uint64_t second = uint64_t{1} << 32;
  RtcpReportBlock block;
  block.fraction_lost = 12;
  block.cumulative_lost = 34;
  statistics.OnReportBlock(block, 0);
  EXPECT_EQ(statistics.round_trip_us(), -1) << "no SR of ours reached them";
  EXPECT_EQ(statistics.remote_fraction_lost(), 12);
  EXPECT_EQ(statistics.remote_cumulative_lost(), 34);
  // RFC 3550 section 6.4.1: sent at 100 s, kept 5.25 s, back at 105.5 s.
  block.last_sr = 100 << 16;
  block.delay_since_last_sr = 65536 * 21 / 4;
  statistics.OnReportBlock(block, 105 * second + second / 2);
  EXPECT_EQ(statistics.round_trip_us(), 250'000);
  block.delay_since_last_sr = 0xffffff;
  statistics.OnReportBlock(block, 105 * second);
  EXPECT_EQ(statistics.round_trip_us(), 250'000) << "a lie changes nothing";
}

}  // namespace
}  // namespace tutti::mediaplane
