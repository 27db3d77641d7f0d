#include "mediaplane/rtp/rtp_packet.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace tutti::mediaplane {
namespace {

using Bytes = std::vector<uint8_t>;

const Bytes kFixed = {0x80, 0x88, 0x12, 0x34, 0x00, 0x00, 0x00, 0xa0, 0xde, 0xad, 0xbe, 0xef};

Bytes With(uint8_t first, const Bytes& rest) {
  Bytes bytes = kFixed;
  bytes[0] = first;
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}

TEST(RtpPacketTest, ReadsTheFixedHeader) {
  RtpPacket packet;
  const Bytes bytes = With(0x80, {1, 2, 3});
  ASSERT_EQ(ParseRtp(bytes, packet), RtpError::kNone);
  EXPECT_TRUE(packet.marker);
  EXPECT_EQ(packet.payload_type, 8);
  EXPECT_EQ(packet.sequence, 0x1234);
  EXPECT_EQ(packet.timestamp, 160u);
  EXPECT_EQ(packet.ssrc, 0xdeadbeef);
  EXPECT_EQ(Bytes(packet.payload.begin(), packet.payload.end()), (Bytes{1, 2, 3}));
}

TEST(RtpPacketTest, ReadsCsrcsExtensionAndPadding) {
  RtpPacket packet;
  const Bytes bytes = With(0xb2, {0,    0,    0, 1, 0,    0,    0, 2,  // CSRCs
                                  0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0,  // extension
                                  7,    8,    9,                       // payload
                                  0,    2});                           // padding
  ASSERT_EQ(ParseRtp(bytes, packet), RtpError::kNone);
  EXPECT_EQ(packet.csrcs.size(), 8u);
  EXPECT_EQ(packet.csrcs[7], 2);
  EXPECT_EQ(packet.extension_profile, 0xbede);
  EXPECT_EQ(packet.extension.size(), 4u);
  EXPECT_EQ(packet.padding_bytes, 2);
  EXPECT_EQ(Bytes(packet.payload.begin(), packet.payload.end()), (Bytes{7, 8, 9}));
}

struct Refusal {
  std::string name;
  Bytes bytes;
  RtpError error;
};

class RtpRefusalTest : public testing::TestWithParam<Refusal> {};

TEST_P(RtpRefusalTest, HasItsReason) {
  RtpPacket packet;
  EXPECT_EQ(ParseRtp(GetParam().bytes, packet), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    All, RtpRefusalTest,
    testing::Values(Refusal{"Empty", {}, RtpError::kTooShort},
                    Refusal{"ElevenBytes", Bytes(kFixed.begin(), kFixed.end() - 1), RtpError::kTooShort},
                    Refusal{"Version1", With(0x40, {}), RtpError::kVersion},
                    Refusal{"Stun", With(0x00, {}), RtpError::kVersion},
                    Refusal{"SenderReport", {0x80, 200, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0}, RtpError::kRtcp},
                    Refusal{"OneCsrcMissing", With(0x82, {0, 0, 0, 1, 0, 0, 0}), RtpError::kCsrcTooLong},
                    Refusal{"ExtensionHeaderCut", With(0x90, {0xbe, 0xde, 0}), RtpError::kExtensionTruncated},
                    Refusal{"ExtensionCut", With(0x90, {0xbe, 0xde, 0, 1, 1, 2, 3}), RtpError::kExtensionTooLong},
                    Refusal{"ExtensionHuge", With(0x90, {0xbe, 0xde, 0xff, 0xff}), RtpError::kExtensionTooLong},
                    Refusal{"PaddingWithoutByte", With(0xa0, {}), RtpError::kPaddingZero},
                    Refusal{"PaddingZero", With(0xa0, {1, 0}), RtpError::kPaddingZero},
                    Refusal{"PaddingIntoHeader", With(0xa0, {1, 3}), RtpError::kPaddingTooLong}),
    [](const testing::TestParamInfo<Refusal>& info) { return info.param.name; });

TEST(RtpPacketTest, PaddingMayTakeAllThePayload) {
  RtpPacket packet;
  const Bytes bytes = With(0xa0, {0, 0, 0, 4});
  ASSERT_EQ(ParseRtp(bytes, packet), RtpError::kNone);
  EXPECT_TRUE(packet.payload.empty());
}

TEST(RtpPacketTest, TellsRtcpFromRtpOnOnePort) {
  EXPECT_TRUE(IsRtcp(Bytes{0x80, 200}));
  EXPECT_TRUE(IsRtcp(Bytes{0x81, 223}));
  EXPECT_FALSE(IsRtcp(Bytes{0x80, 0x80 | 8}));
  EXPECT_FALSE(IsRtcp(Bytes{0x80, 0x80 | 101}));
  EXPECT_FALSE(IsRtcp(Bytes{0x80}));
}

TEST(RtpPacketTest, WritesWhatItReads) {
  for (const Bytes& bytes : {kFixed, With(0x80, {1, 2, 3}),
                             With(0xb2, {0, 0, 0, 1, 0, 0, 0, 2, 0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0, 7, 8, 9, 0, 2})}) {
    RtpPacket packet;
    ASSERT_EQ(ParseRtp(bytes, packet), RtpError::kNone);
    Bytes out(bytes.size());
    ASSERT_EQ(WriteRtp(packet, out), bytes.size());
    EXPECT_EQ(out, bytes);
    out.pop_back();
    EXPECT_EQ(WriteRtp(packet, out), 0u) << "no room";
  }
}

TEST(RtpPacketTest, WriterRefusesFieldsOutOfBounds) {
  Bytes out(2000);
  const Bytes long_csrcs(64);
  RtpPacket packet;
  packet.csrcs = long_csrcs;
  EXPECT_EQ(WriteRtp(packet, out), 0u);
  packet.csrcs = {};
  packet.payload_type = 128;
  EXPECT_EQ(WriteRtp(packet, out), 0u);
}

TEST(RtpPacketTest, HeaderWriterMatchesTheReader) {
  std::array<uint8_t, kRtpHeaderBytes> out;
  WriteRtpHeader(out.data(), true, 9, 65535, 0x01020304, 0xa0b0c0d0);
  RtpPacket packet;
  ASSERT_EQ(ParseRtp(out, packet), RtpError::kNone);
  EXPECT_TRUE(packet.marker);
  EXPECT_EQ(packet.payload_type, 9);
  EXPECT_EQ(packet.sequence, 65535);
  EXPECT_EQ(packet.timestamp, 0x01020304u);
  EXPECT_EQ(packet.ssrc, 0xa0b0c0d0u);
}

}  // namespace
}  // namespace tutti::mediaplane
