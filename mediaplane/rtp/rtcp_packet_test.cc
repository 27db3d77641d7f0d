#include "mediaplane/rtp/rtcp_packet.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tutti::mediaplane {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Join(const std::vector<Bytes>& parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

const Bytes kEmptyReceiverReport = {0x80, 201, 0, 1, 0, 0, 0, 9};

const Bytes kSenderReport = {
    0x81, 200,  0,    12,   0x11, 0x22, 0x33, 0x44,                                       // SR of one block
    0xe0, 0,    0,    1,    0x80, 0,    0,    0,                                          // NTP
    0,    0,    0x10, 0,    0,    0,    0,    50,   0,    0,    0x1f, 0x40,               // RTP time, packets, octets
    0xaa, 0xbb, 0xcc, 0xdd, 0x40, 0xff, 0xff, 0xfe,                                       // about; fraction; lost -2
    0,    1,    0,    5,    0,    0,    0,    17,   0x12, 0x34, 0x56, 0x78, 0, 1, 0, 0};  // highest; jitter; LSR; DLSR

const Bytes kDescription = {0x81, 202, 0, 3, 0x11, 0x22, 0x33, 0x44, 1, 4, 'a', '@', 'b', 'c', 0, 0};

const Bytes kBye = {0x81, 203, 0, 1, 0x11, 0x22, 0x33, 0x44};

const Bytes kFeedback = {0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2};

TEST(RtcpPacketTest, ReadsACompoundPacket) {
  RtcpReport report;
  const Bytes bytes = Join({kSenderReport, kDescription, kFeedback, kBye});
  ASSERT_EQ(ParseRtcp(bytes, report), RtcpError::kNone);
  EXPECT_EQ(report.sender_ssrc, 0x11223344u);
  ASSERT_TRUE(report.has_sender_info);
  EXPECT_EQ(report.sender_info.ntp, 0xe000000180000000u);
  EXPECT_EQ(report.sender_info.rtp_timestamp, 0x1000u);
  EXPECT_EQ(report.sender_info.packets, 50u);
  EXPECT_EQ(report.sender_info.octets, 8000u);
  const RtcpReportBlock* block = report.BlockAbout(0xaabbccdd);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->fraction_lost, 0x40);
  EXPECT_EQ(block->cumulative_lost, -2);
  EXPECT_EQ(block->highest_sequence, 0x10005u);
  EXPECT_EQ(block->jitter, 17u);
  EXPECT_EQ(block->last_sr, 0x12345678u);
  EXPECT_EQ(block->delay_since_last_sr, 0x10000u);
  EXPECT_EQ(report.BlockAbout(1), nullptr);
  EXPECT_EQ(report.cname, "a@bc");
  EXPECT_TRUE(report.SaysBye(0x11223344));
  EXPECT_FALSE(report.SaysBye(1));
}

struct Refusal {
  std::string name;
  Bytes bytes;
  RtcpError error;
};

Bytes Changed(Bytes bytes, size_t at, uint8_t value) {
  bytes[at] = value;
  return bytes;
}

class RtcpRefusalTest : public testing::TestWithParam<Refusal> {};

TEST_P(RtcpRefusalTest, HasItsReason) {
  RtcpReport report;
  EXPECT_EQ(ParseRtcp(GetParam().bytes, report), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    All, RtcpRefusalTest,
    testing::Values(
        Refusal{"Empty", {}, RtcpError::kTooShort}, Refusal{"ThreeBytes", {0x80, 201, 0}, RtcpError::kTooShort},
        Refusal{"Version", Changed(kEmptyReceiverReport, 0, 0x40), RtcpError::kVersion},
        Refusal{"SecondVersion", Join({kEmptyReceiverReport, Changed(kBye, 0, 0x01)}), RtcpError::kVersion},
        Refusal{"FirstIsDescription", kDescription, RtcpError::kFirstNotReport},
        Refusal{"FirstIsBye", kBye, RtcpError::kFirstNotReport},
        Refusal{"TooLong", Changed(kEmptyReceiverReport, 3, 2), RtcpError::kLengthTooLong},
        Refusal{"TailOfThreeBytes", Join({kEmptyReceiverReport, {0x80, 201, 0}}), RtcpError::kLengthTooLong},
        Refusal{"PaddedFirst", Join({{0xa0, 201, 0, 2, 0, 0, 0, 9, 0, 0, 0, 4}, kBye}), RtcpError::kPaddingNotLast},
        Refusal{"PaddingZero", {0xa0, 201, 0, 2, 0, 0, 0, 9, 0, 0, 0, 0}, RtcpError::kPaddingInvalid},
        Refusal{"PaddingOdd", {0xa0, 201, 0, 2, 0, 0, 0, 9, 0, 0, 0, 3}, RtcpError::kPaddingInvalid},
        Refusal{"PaddingTooLong", {0xa0, 201, 0, 2, 0, 0, 0, 9, 0, 0, 0, 12}, RtcpError::kPaddingInvalid},
        Refusal{"NoSsrc", {0x80, 201, 0, 0}, RtcpError::kReportTruncated},
        Refusal{"BlockMissing", Changed(kEmptyReceiverReport, 0, 0x81), RtcpError::kReportTruncated},
        Refusal{"SenderInfoMissing", {0x80, 200, 0, 1, 0, 0, 0, 9}, RtcpError::kReportTruncated},
        Refusal{"ChunkMissing", Join({kEmptyReceiverReport, {0x81, 202, 0, 0}}), RtcpError::kDescriptionTruncated},
        Refusal{"ItemTooLong", Join({kEmptyReceiverReport, Changed(kDescription, 9, 7)}),
                RtcpError::kDescriptionTruncated},
        Refusal{"NoEndOfItems", Join({kEmptyReceiverReport, Changed(kDescription, 9, 6)}),
                RtcpError::kDescriptionTruncated},
        Refusal{"ByeWithoutSource", Join({kEmptyReceiverReport, {0x81, 203, 0, 0}}), RtcpError::kByeTruncated}),
    [](const testing::TestParamInfo<Refusal>& info) { return info.param.name; });

TEST(RtcpPacketTest, PaddingAtTheEndIsLegal) {
  RtcpReport report;
  EXPECT_EQ(ParseRtcp(Bytes{0xa0, 201, 0, 2, 0, 0, 0, 9, 0, 0, 0, 4}, report), RtcpError::kNone);
  EXPECT_EQ(report.sender_ssrc, 9u);
}

TEST(RtcpPacketTest, MoreBlocksThanKeptAreSkipped) {
  Bytes full = {0x9f, 201, 0, 1 + 31 * 6, 0, 0, 0, 9};
  full.resize(8 + 31 * 24);
  RtcpReport report;
  ASSERT_EQ(ParseRtcp(Join({full, full}), report), RtcpError::kNone);
  EXPECT_EQ(report.block_count, kRtcpReportBlocksMax);
}

TEST(RtcpPacketTest, WritesWhatItReads) {
  const RtcpSenderInfo info = {0x0123456789abcdef, 1, 2, 3};
  std::vector<RtcpReportBlock> blocks(kRtcpReportBlocksMax);
  for (size_t i = 0; i < blocks.size(); ++i) {
    blocks[i] = {static_cast<uint32_t>(i + 1), 7, -static_cast<int32_t>(i), 9, 10, 11, 12};
  }
  for (size_t length = 1; length <= kRtcpCnameBytesMax; ++length) {
    const std::string cname(length, 'x');
    for (const bool sender : {false, true}) {
      const RtcpToSend packet = {42, sender ? &info : nullptr, blocks, cname, length % 2 == 0};
      Bytes out(kRtcpBytesMax);
      const size_t bytes = WriteRtcp(packet, out);
      ASSERT_GT(bytes, 0u);
      EXPECT_EQ(bytes % 4, 0u);
      RtcpReport report;
      ASSERT_EQ(ParseRtcp(std::span(out).first(bytes), report), RtcpError::kNone) << length;
      EXPECT_EQ(report.sender_ssrc, 42u);
      EXPECT_EQ(report.has_sender_info, sender);
      EXPECT_EQ(report.sender_info.ntp, sender ? info.ntp : report.sender_info.ntp);
      EXPECT_EQ(report.block_count, blocks.size());
      EXPECT_EQ(report.blocks[30].cumulative_lost, -30);
      EXPECT_EQ(report.cname, cname);
      EXPECT_EQ(report.SaysBye(42), length % 2 == 0);
      EXPECT_EQ(WriteRtcp(packet, std::span(out).first(bytes - 1)), 0u) << "no room";
    }
  }
}

TEST(RtcpPacketTest, LostIsClampedTo24Bits) {
  const RtcpReportBlock block = {1, 0, 100'000'000, 0, 0, 0, 0};
  Bytes out(200);
  const size_t bytes = WriteRtcp({42, nullptr, {&block, 1}, "c", false}, out);
  RtcpReport report;
  ASSERT_EQ(ParseRtcp(std::span(out).first(bytes), report), RtcpError::kNone);
  EXPECT_EQ(report.blocks[0].cumulative_lost, 0x7fffff);
}

}  // namespace
}  // namespace tutti::mediaplane
