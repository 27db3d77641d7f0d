#include "mediaplane/negotiation/negotiation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "common/status/status.h"
#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

using Offered = media::v1::Codec;
using media::v1::MediaDescription;
using media::v1::MediaSection;
using testing::ElementsAre;
using testing::HasSubstr;

Offered MakeCodec(uint32_t type, const std::string& name, uint32_t clock_rate, uint32_t channels = 1) {
  Offered codec;
  codec.set_payload_type(type);
  codec.set_name(name);
  codec.set_clock_rate(clock_rate);
  codec.set_channels(channels);
  return codec;
}

const Offered kPcmu = MakeCodec(0, "PCMU", 8000);
const Offered kPcma = MakeCodec(8, "PCMA", 8000);
const Offered kG722 = MakeCodec(9, "G722", 8000);
const Offered kNoise = MakeCodec(13, "CN", 8000);
const Offered kOpus = MakeCodec(111, "OPUS", 48000, 2);
const Offered kEvent8 = MakeCodec(101, "TELEPHONE-EVENT", 8000);
const Offered kEvent16 = MakeCodec(102, "TELEPHONE-EVENT", 16000);

MediaSection Audio(const std::vector<Offered>& codecs) {
  MediaSection section;
  section.set_kind(MediaSection::AUDIO);
  section.set_protocol("RTP/AVP");
  section.set_address("127.0.0.1");
  section.set_rtp_port(4000);
  section.set_direction(MediaSection::SENDRECV);
  for (const Offered& codec : codecs) *section.add_codecs() = codec;
  return section;
}

MediaDescription Offer(const std::vector<MediaSection>& sections) {
  MediaDescription offer;
  for (const MediaSection& section : sections) *offer.add_sections() = section;
  return offer;
}

absl::StatusOr<Negotiated> Try(const MediaDescription& offer) { return Negotiate(offer, PeerAllowList::Loopback()); }

Endpoint Local(bool mux) {
  Endpoint endpoint;
  endpoint.rtp = ParseSocketAddress("127.0.0.1", 10000).value();
  endpoint.rtcp = {endpoint.rtp.ip, static_cast<uint16_t>(mux ? 10000 : 10001)};
  return endpoint;
}

std::vector<uint32_t> Types(const MediaSection& section) {
  std::vector<uint32_t> types;
  for (const Offered& codec : section.codecs()) types.push_back(codec.payload_type());
  return types;
}

struct CodecCase {
  std::vector<Offered> offered;
  std::string codec;
  uint8_t payload_type;
  std::optional<uint8_t> event;
  std::vector<uint32_t> answered;
};

TEST(Negotiate, TakesTheFirstOfferedCodecThatWeHaveAndItsTelephoneEvent) {
  const CodecCase cases[] = {
      {{kPcmu}, "PCMU/8000", 0, {}, {0}},
      {{kPcma, kPcmu}, "PCMA/8000", 8, {}, {8}},
      {{kOpus, kG722, kPcmu, kEvent8}, "G722/8000", 9, 101, {9, 101}},
      {{kEvent8, kEvent16, kNoise, kPcmu}, "PCMU/8000", 0, 101, {0, 101, 13}},
      {{MakeCodec(96, "L16", 16000), kEvent8, kEvent16}, "L16/16000", 96, 102, {96, 102}},
      {{MakeCodec(97, "L16", 8000), kEvent16}, "L16/8000", 97, {}, {97}},
      {{MakeCodec(10, "L16", 44100, 2), MakeCodec(98, "L16", 16000, 2), kPcma}, "PCMA/8000", 8, {}, {8}},
      {{MakeCodec(72, "L16", 16000), kPcma}, "PCMA/8000", 8, {}, {8}},
      {{MakeCodec(96, "PCMA", 8000, 0)}, "PCMA/8000", 96, {}, {96}},
      {{MakeCodec(9, "G722", 16000), kPcmu}, "PCMU/8000", 0, {}, {0}},
  };
  for (const CodecCase& c : cases) {
    const auto offer = Offer({Audio(c.offered)});
    const auto result = Try(offer);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(CodecName(result->codec), c.codec);
    EXPECT_EQ(result->payload_type, c.payload_type);
    EXPECT_EQ(result->telephone_event_type, c.event);
    const auto answer = MakeAnswer(offer, *result, Local(false));
    EXPECT_EQ(Types(answer.sections(0)), c.answered) << answer.DebugString();
  }
}

struct DirectionCase {
  MediaSection::Direction offered;
  const char* address;
  MediaSection::Direction answered;
  bool may_send;
  bool may_receive;
};

TEST(Negotiate, MirrorsTheDirectionAndKnowsHold) {
  const DirectionCase cases[] = {
      {MediaSection::DIRECTION_UNSPECIFIED, "127.0.0.1", MediaSection::SENDRECV, true, true},
      {MediaSection::SENDRECV, "127.0.0.1", MediaSection::SENDRECV, true, true},
      {MediaSection::SENDONLY, "127.0.0.1", MediaSection::RECVONLY, false, true},
      {MediaSection::RECVONLY, "127.0.0.1", MediaSection::SENDONLY, true, false},
      {MediaSection::INACTIVE, "127.0.0.1", MediaSection::INACTIVE, false, false},
      {MediaSection::SENDRECV, "0.0.0.0", MediaSection::SENDRECV, false, false},
      {MediaSection::SENDONLY, "::", MediaSection::RECVONLY, false, false},
  };
  for (const DirectionCase& c : cases) {
    auto offer = Offer({Audio({kPcmu})});
    offer.mutable_sections(0)->set_direction(c.offered);
    offer.mutable_sections(0)->set_address(c.address);
    const auto result = Try(offer);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->may_send, c.may_send) << c.offered << c.address;
    EXPECT_EQ(result->may_receive, c.may_receive) << c.offered << c.address;
    EXPECT_EQ(MakeAnswer(offer, *result, Local(false)).sections(0).direction(), c.answered);
  }
}

TEST(Negotiate, RtcpGoesToTheNextPortUnlessSaidOtherwise) {
  auto section = Audio({kPcmu});
  auto result = Try(Offer({section}));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->remote_rtp.port, 4000);
  EXPECT_EQ(result->remote_rtcp.port, 4001);
  EXPECT_FALSE(result->rtcp_mux);

  section.set_rtcp_port(5005);
  section.set_rtcp_address("127.0.0.9");
  result = Try(Offer({section}));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->remote_rtcp.port, 5005);
  EXPECT_EQ(FormatIp(result->remote_rtcp), "127.0.0.9");

  section.set_rtcp_mux(true);
  const auto offer = Offer({section});
  result = Try(offer);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->rtcp_mux);
  EXPECT_EQ(result->remote_rtcp, result->remote_rtp);
  const auto answer = MakeAnswer(offer, *result, Local(true)).sections(0);
  EXPECT_TRUE(answer.rtcp_mux());
  EXPECT_EQ(answer.rtcp_port(), 10000u);
}

TEST(Negotiate, AnswersEverySectionAndUsesOneAudio) {
  MediaSection video;
  video.set_kind(MediaSection::VIDEO);
  video.set_protocol("RTP/AVP");
  video.set_address("127.0.0.1");
  video.set_rtp_port(5000);
  *video.add_codecs() = MakeCodec(96, "VP8", 90000);
  MediaSection app;
  app.set_kind(MediaSection::OTHER);
  app.set_other_kind("application");
  app.set_protocol("UDP/BFCP");
  app.set_rtp_port(6000);
  app.add_other_formats("*");
  auto rejected = Audio({kPcmu});
  rejected.set_rtp_port(0);
  const auto offer = Offer({video, rejected, Audio({kOpus}), Audio({kPcma, kEvent8}), Audio({kPcmu}), app});

  const auto result = Try(offer);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->section, 3u);
  const auto answer = MakeAnswer(offer, *result, Local(false));
  ASSERT_EQ(answer.sections_size(), offer.sections_size());
  for (int i = 0; i < answer.sections_size(); ++i) {
    EXPECT_EQ(answer.sections(i).rtp_port(), i == 3 ? 10000u : 0u) << i;
    EXPECT_EQ(answer.sections(i).kind(), offer.sections(i).kind());
    EXPECT_EQ(answer.sections(i).protocol(), offer.sections(i).protocol());
  }
  EXPECT_EQ(answer.sections(5).other_kind(), "application");
  EXPECT_THAT(answer.sections(5).other_formats(), ElementsAre("*"));
  const MediaSection& used = answer.sections(3);
  EXPECT_EQ(used.address(), "127.0.0.1");
  EXPECT_EQ(used.rtcp_port(), 10001u);
  EXPECT_EQ(used.ptime_ms(), 20u);
  EXPECT_EQ(used.codecs(1).format_parameters(), "0-15");
}

struct RefusalCase {
  const char* what;
  std::function<void(MediaDescription&)> change;
  const char* reason;
  const char* message;
};

TEST(Negotiate, RefusesWithACauseThatAPersonUnderstands) {
  const auto first = [](MediaDescription& offer) { return offer.mutable_sections(0); };
  const RefusalCase cases[] = {
      {"no section", [](auto& o) { o.clear_sections(); }, "INVALID_REQUEST_PARAMETER", "no media section"},
      {"sections",
       [](auto& o) {
         for (int i = 0; i < 16; ++i) *o.add_sections() = Audio({kPcmu});
       },
       "INVALID_REQUEST_PARAMETER", "17 media sections"},
      {"payload types",
       [&](auto& o) {
         for (int i = 0; i < 64; ++i) *first(o)->add_codecs() = kPcmu;
       },
       "INVALID_REQUEST_PARAMETER", "payload types"},
      {"codec", [&](auto& o) { *first(o)->mutable_codecs(0) = kOpus; }, "MEDIA_NOT_SUPPORTED",
       "PCMU/8000, PCMA/8000, G722/8000, L16/8000, L16/16000"},
      {"telephone-event alone", [&](auto& o) { *first(o)->mutable_codecs(0) = kEvent8; }, "MEDIA_NOT_SUPPORTED",
       "PCMU"},
      {"secure", [&](auto& o) { first(o)->set_protocol("RTP/SAVP"); }, "MEDIA_NOT_SUPPORTED", "RTP/AVP"},
      {"rejected", [&](auto& o) { first(o)->set_rtp_port(0); }, "MEDIA_NOT_SUPPORTED", "with a port"},
      {"peer", [&](auto& o) { first(o)->set_address("192.0.2.1"); }, "MEDIA_NOT_SUPPORTED",
       "192.0.2.1 is not in rtp_peer_allow (127.0.0.0/8, ::1/128)"},
      {"rtcp peer", [&](auto& o) { first(o)->set_rtcp_address("192.0.2.1"); }, "MEDIA_NOT_SUPPORTED", "192.0.2.1"},
      {"multicast", [&](auto& o) { first(o)->set_address("224.0.0.1"); }, "MEDIA_NOT_SUPPORTED", "single host"},
      {"name", [&](auto& o) { first(o)->set_address("example.org"); }, "INVALID_REQUEST_PARAMETER", "example.org"},
      {"port", [&](auto& o) { first(o)->set_rtp_port(65536); }, "INVALID_REQUEST_PARAMETER", "65535"},
      {"rtcp port", [&](auto& o) { first(o)->set_rtp_port(65535); }, "INVALID_REQUEST_PARAMETER", "RTCP"},
      {"type", [&](auto& o) { first(o)->mutable_codecs(0)->set_payload_type(128); }, "INVALID_REQUEST_PARAMETER",
       "127"},
  };
  for (const RefusalCase& c : cases) {
    auto offer = Offer({Audio({kPcmu})});
    c.change(offer);
    const auto result = Try(offer);
    ASSERT_FALSE(result.ok()) << c.what;
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << c.what;
    EXPECT_EQ(GetErrorDetail(result.status()).reason, c.reason) << c.what;
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(c.message)) << c.what;
  }
}

}  // namespace
}  // namespace tutti::mediaplane
