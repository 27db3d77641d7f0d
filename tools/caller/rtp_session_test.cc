#include "tools/caller/rtp_session.h"

#include <array>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "mediaplane/rtp/rtcp_packet.h"
#include "mediaplane/rtp/rtp_packet.h"

namespace tutti::tools {
namespace {

using mediaplane::Codec;

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kStart = 1'800'000'000'000 * kMs;

RtpSession::Options Options(Codec codec, uint32_t ssrc) {
  RtpSession::Options options;
  options.codec = codec;
  options.payload_type = 96;
  options.ssrc = ssrc;
  options.first_sequence = 65530;
  options.first_timestamp = 0xffffff00;
  options.keep = Timeline::Keep::kAll;
  return options;
}

std::unique_ptr<AudioSource> Tone(Codec codec) {
  return std::make_unique<ToneSource>(503, mediaplane::FormatOf(codec).sample_rate, -12);
}

class RtpSessionTest : public testing::TestWithParam<Codec> {};

TEST_P(RtpSessionTest, WhatOneSaysTheOtherHears) {
  RtpSession one(Options(GetParam(), 1), Tone(GetParam()), kStart);
  RtpSession other(Options(GetParam(), 2), std::make_unique<SilenceSource>(), kStart);
  std::array<uint8_t, RtpSession::kPacketBytesMax> packet;
  for (int i = 0; i < 100; ++i) {
    const size_t bytes = one.NextRtp(packet);
    ASSERT_GT(bytes, 100u);
    other.OnRtp({packet.data(), bytes}, kStart + (20 * i + 5) * kMs);
  }
  const CallerStatistics statistics = other.Statistics(kStart + 2000 * kMs);
  EXPECT_EQ(statistics.packets_received, 100u);
  EXPECT_EQ(statistics.packets_lost, 0u);
  EXPECT_EQ(statistics.packets_after_gap, 0u);
  EXPECT_LT(statistics.jitter_ms, 0.1);
  EXPECT_NEAR(statistics.heard_dbfs, -12, 0.3);
  EXPECT_NEAR(one.Statistics(kStart).said_dbfs, -12, 0.5);
  other.heard().Flush();
  const int rate = mediaplane::FormatOf(GetParam()).sample_rate;
  EXPECT_EQ(other.heard().samples().size(), static_cast<size_t>(rate / 1000 * 2005));
  EXPECT_EQ(other.heard().samples()[0], 0);
}

INSTANTIATE_TEST_SUITE_P(Codecs, RtpSessionTest,
                         testing::Values(Codec::kPcmu, Codec::kPcma, Codec::kG722, Codec::kL16At8000,
                                         Codec::kL16At16000));

TEST(RtpSessionFiguresTest, CountsLossReorderingAndGaps) {
  RtpSession one(Options(Codec::kPcmu, 1), Tone(Codec::kPcmu), kStart);
  RtpSession other(Options(Codec::kPcmu, 2), std::make_unique<SilenceSource>(), kStart);
  std::vector<std::vector<uint8_t>> packets;
  for (int i = 0; i < 10; ++i) {
    std::vector<uint8_t> packet(RtpSession::kPacketBytesMax);
    packet.resize(one.NextRtp(packet));
    packets.push_back(packet);
  }
  // 3 is lost, 5 comes after 6, 8 comes 62 ms after 7.
  int64_t ms = 0;
  for (const int i : {0, 1, 2, 4, 6, 5, 7}) other.OnRtp(packets[i], kStart + (ms += 20) * kMs);
  other.OnRtp(packets[8], kStart + (ms += 62) * kMs);
  other.OnRtp(packets[9], kStart + (ms += 20) * kMs);
  other.OnRtp(std::vector<uint8_t>{1, 2, 3}, kStart);
  const CallerStatistics statistics = other.Statistics(kStart);
  EXPECT_EQ(statistics.packets_received, 9u);
  EXPECT_EQ(statistics.packets_lost, 1u);
  EXPECT_EQ(statistics.packets_reordered, 1u);
  EXPECT_EQ(statistics.packets_after_gap, 1u);
  EXPECT_NEAR(statistics.gap_ms_max, 62, 0.01);
  EXPECT_EQ(statistics.packets_bad, 1u);
  EXPECT_GT(statistics.jitter_ms, 0.5);
}

TEST(RtpSessionFiguresTest, RtcpGivesTheRoundTrip) {
  RtpSession one(Options(Codec::kPcmu, 1), Tone(Codec::kPcmu), kStart);
  RtpSession other(Options(Codec::kPcmu, 2), Tone(Codec::kPcmu), kStart);
  std::array<uint8_t, RtpSession::kPacketBytesMax> packet;
  for (int i = 0; i < 5; ++i) {
    other.OnRtp({packet.data(), one.NextRtp(packet)}, kStart + 20 * i * kMs);
    one.OnRtp({packet.data(), other.NextRtp(packet)}, kStart + 20 * i * kMs);
  }
  EXPECT_FALSE(one.Statistics(kStart).round_trip_ms.has_value());
  // 30 ms there, 200 ms of thinking, 40 ms back.
  size_t bytes = one.NextRtcp(kStart + 100 * kMs, false, packet);
  other.OnRtcp({packet.data(), bytes}, kStart + 130 * kMs);
  bytes = other.NextRtcp(kStart + 330 * kMs, false, packet);
  one.OnRtcp({packet.data(), bytes}, kStart + 370 * kMs);
  ASSERT_TRUE(one.Statistics(kStart).round_trip_ms.has_value());
  EXPECT_NEAR(*one.Statistics(kStart).round_trip_ms, 70, 0.1);
}

TEST(RtpSessionFiguresTest, SaysGoodbye) {
  RtpSession one(Options(Codec::kPcmu, 7), Tone(Codec::kPcmu), kStart);
  std::array<uint8_t, RtpSession::kPacketBytesMax> packet;
  mediaplane::RtcpReport report;
  ASSERT_EQ(mediaplane::ParseRtcp({packet.data(), one.NextRtcp(kStart, true, packet)}, report),
            mediaplane::RtcpError::kNone);
  EXPECT_TRUE(report.SaysBye(7));
  EXPECT_EQ(report.cname, "caller");
}

}  // namespace
}  // namespace tutti::tools
