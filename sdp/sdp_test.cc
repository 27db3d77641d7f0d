#include "sdp/sdp.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

namespace tutti::sdp {
namespace {

using google::protobuf::util::MessageDifferencer;
using media::v1::MediaDescription;
using media::v1::MediaSection;
using testing::HasSubstr;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

MediaDescription MustParse(const std::string& text) {
  auto description = Parse(text);
  EXPECT_TRUE(description.ok()) << description.status() << "\n" << text;
  return description.ok() ? *description : MediaDescription();
}

MediaDescription FromCorpus(const std::string& name) { return MustParse(ReadFile("sdp/corpus/" + name)); }

std::string Codecs(const MediaSection& section) {
  std::string all;
  for (const auto& codec : section.codecs()) {
    all += std::to_string(codec.payload_type()) + "=" + codec.name() + "/" + std::to_string(codec.clock_rate()) + "/" +
           std::to_string(codec.channels()) + "(" + codec.format_parameters() + ") ";
  }
  return all;
}

TEST(SdpTest, ParseWriteParseIsTheIdentityOnTheCorpus) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("sdp/corpus")) {
    const MediaDescription first = MustParse(ReadFile(entry.path()));
    const std::string text = Write(first, {});
    EXPECT_TRUE(MessageDifferencer::Equals(first, MustParse(text))) << entry.path() << "\n" << text;
    ++files;
  }
  EXPECT_GE(files, 8);
}

TEST(SdpTest, StaticPayloadTypesAreNamed) {
  const MediaDescription sdp = FromCorpus("ffmpeg_pcmu.sdp");
  ASSERT_EQ(sdp.sections_size(), 1);
  const MediaSection& audio = sdp.sections(0);
  EXPECT_EQ(audio.kind(), MediaSection::AUDIO);
  EXPECT_EQ(audio.protocol(), "RTP/AVP");
  EXPECT_EQ(audio.address(), "127.0.0.1");
  EXPECT_EQ(audio.rtp_port(), 5004u);
  EXPECT_EQ(audio.rtcp_port(), 0u);
  EXPECT_EQ(audio.direction(), MediaSection::SENDRECV);
  EXPECT_FALSE(audio.rtcp_mux());
  EXPECT_EQ(Codecs(audio), "0=PCMU/8000/1() ");
}

TEST(SdpTest, ReadsAPhonesOffer) {
  const MediaDescription sdp = FromCorpus("sip_phone.sdp");
  ASSERT_EQ(sdp.sections_size(), 2);
  EXPECT_EQ(Codecs(sdp.sections(0)),
            "9=G722/8000/1() 8=PCMA/8000/1() 0=PCMU/8000/1() 3=GSM/8000/1() 18=G729/8000/1(annexb=no) "
            "101=TELEPHONE-EVENT/8000/1(0-16) ");
  EXPECT_EQ(sdp.sections(0).ptime_ms(), 20u);
  EXPECT_EQ(sdp.sections(0).maxptime_ms(), 150u);
  EXPECT_EQ(sdp.sections(1).kind(), MediaSection::VIDEO);
  EXPECT_EQ(sdp.sections(1).rtp_port(), 0u);
}

TEST(SdpTest, FoldsWhatTheSessionSaysIntoItsSections) {
  const MediaDescription sdp = MustParse(
      "v=0\nc=IN IP6 2001:DB8:0:0::7\na=recvonly\na=rtcp-mux\na=ptime:30\n"
      "m=audio 4000 RTP/AVP 0\n"
      "m=audio 4002 RTP/AVP 0\nc=IN IP4 127.0.0.9\na=sendonly\na=ptime:20\n");
  ASSERT_EQ(sdp.sections_size(), 2);
  EXPECT_EQ(sdp.sections(0).address(), "2001:db8::7");
  EXPECT_EQ(sdp.sections(0).direction(), MediaSection::RECVONLY);
  EXPECT_TRUE(sdp.sections(0).rtcp_mux());
  EXPECT_EQ(sdp.sections(0).ptime_ms(), 30u);
  EXPECT_EQ(sdp.sections(1).address(), "127.0.0.9");
  EXPECT_EQ(sdp.sections(1).direction(), MediaSection::SENDONLY);
  EXPECT_TRUE(sdp.sections(1).rtcp_mux());
  EXPECT_EQ(sdp.sections(1).ptime_ms(), 20u);
}

TEST(SdpTest, OneSectionsAttributesDoNotReachTheNext) {
  const MediaDescription sdp = MustParse(
      "v=0\nc=IN IP4 127.0.0.1\nm=audio 4000 RTP/AVP 0\na=rtcp-mux\na=inactive\na=maxptime:40\n"
      "c=IN IP4 127.0.0.2\nm=audio 4002 RTP/AVP 0\n");
  EXPECT_EQ(sdp.sections(0).address(), "127.0.0.2");
  EXPECT_TRUE(sdp.sections(0).rtcp_mux());
  EXPECT_EQ(sdp.sections(1).address(), "127.0.0.1");
  EXPECT_FALSE(sdp.sections(1).rtcp_mux());
  EXPECT_EQ(sdp.sections(1).direction(), MediaSection::SENDRECV);
  EXPECT_EQ(sdp.sections(1).maxptime_ms(), 0u);
}

TEST(SdpTest, ReadsRtcpPortAndAddress) {
  const MediaSection hold = FromCorpus("sip_phone_hold.sdp").sections(0);
  EXPECT_EQ(hold.address(), "0.0.0.0");
  EXPECT_EQ(hold.rtcp_port(), 57100u);
  EXPECT_EQ(hold.rtcp_address(), "192.168.1.21");
  const MediaSection same =
      MustParse("v=0\nc=IN IP4 127.0.0.1\nm=audio 4000 RTP/AVP 0\na=rtcp:4009 IN IP4 127.0.0.1\n").sections(0);
  EXPECT_EQ(same.rtcp_port(), 4009u);
  EXPECT_EQ(same.rtcp_address(), "");
}

TEST(SdpTest, ReadsABrowsersOffer) {
  const MediaDescription sdp = FromCorpus("webrtc_browser.sdp");
  ASSERT_EQ(sdp.sections_size(), 3);
  EXPECT_EQ(sdp.sections(0).protocol(), "UDP/TLS/RTP/SAVPF");
  EXPECT_EQ(sdp.sections(0).codecs(0).name(), "OPUS");
  EXPECT_EQ(sdp.sections(0).codecs(0).channels(), 2u);
  EXPECT_EQ(sdp.sections(1).direction(), MediaSection::RECVONLY);
  EXPECT_EQ(sdp.sections(2).kind(), MediaSection::OTHER);
  EXPECT_EQ(sdp.sections(2).other_kind(), "application");
  ASSERT_EQ(sdp.sections(2).other_formats_size(), 1);
  EXPECT_EQ(sdp.sections(2).other_formats(0), "webrtc-datachannel");
}

TEST(SdpTest, LineEndsMayBeBareAndTheLastOneMissing) {
  const MediaDescription wanted = MustParse("v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\n");
  for (const char* text :
       {"v=0\nc=IN IP4 127.0.0.1\nm=audio 4000 RTP/AVP 0\n", "v=0\nc=IN IP4 127.0.0.1\nm=audio 4000 RTP/AVP 0",
        "v=0\r\nc=IN IP4 127.0.0.1\nm=audio 4000 RTP/AVP 0\r\n\r\n"}) {
    EXPECT_TRUE(MessageDifferencer::Equals(MustParse(text), wanted)) << text;
  }
}

TEST(SdpTest, ADynamicPayloadTypeWithoutRtpmapHasNoName) {
  const MediaSection section = MustParse("v=0\nc=IN IP4 127.0.0.1\nm=audio 4000 RTP/AVP 96 0 0\n").sections(0);
  EXPECT_EQ(Codecs(section), "96=/0/1() 0=PCMU/8000/1() ");
}

TEST(SdpTest, OnlyAudioHasChannels) {
  const MediaDescription sdp = MustParse("v=0\nc=IN IP4 127.0.0.1\nm=audio 4000 RTP/AVP 10\nm=text 4002 RTP/AVP 10\n");
  EXPECT_EQ(Codecs(sdp.sections(0)), "10=L16/44100/2() ");
  EXPECT_EQ(Codecs(sdp.sections(1)), "10=L16/44100/1() ");
}

TEST(SdpTest, LongVideoParametersAreLeftOut) {
  const MediaSection video = MustParse(
                                 "v=0\nc=IN IP4 127.0.0.1\nm=video 4000 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
                                 "a=fmtp:96 sprop=" +
                                 std::string(400, 'A') + "\n")
                                 .sections(0);
  EXPECT_EQ(Codecs(video), "96=H264/90000/1() ");
}

TEST(SdpTest, BadTextIsRefusedWithASentenceThatNamesTheLine) {
  const std::string head = "v=0\nc=IN IP4 127.0.0.1\n";
  const std::string audio = head + "m=audio 4000 RTP/AVP 0\n";
  std::string many_media = head;
  for (int i = 0; i < 17; ++i) many_media += "m=audio 4000 RTP/AVP 0\n";
  std::string many_types = head + "m=audio 4000 RTP/AVP";
  for (int i = 0; i < 65; ++i) many_types += " " + std::to_string(i);
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "is empty"},
      {"\r\n\r\n", "is empty"},
      {std::string(kTextBytesMax + 1, 'a'), "16385 bytes, more than 16384"},
      {"v=1\n", "line 1 (\"v=1\"): the first line must be v=0"},
      {"m=audio 4000 RTP/AVP 0\n", "line 1"},
      {head, "no m= line"},
      {"v=0\nm=audio 4000 RTP/AVP 0\n", "line 2: the media has no address"},
      {"v=0\nm=audio 4000 RTP/AVP 0\nm=audio 1 RTP/AVP 0\nc=IN IP4 127.0.0.1", "line 2: the media has no address"},
      {head + "\nm=audio 4000 RTP/AVP 0\n", "line 3 (\"\"): not of the form"},
      {head + "hello\n", "line 3 (\"hello\"): not of the form"},
      {head + "y=1\n", "an unknown type of line"},
      {head + "v=0\n", "only the first line"},
      {head + "a=x\ry\n", "carriage return"},
      {head + std::string("a=x\0y\n", 6), "zero byte"},
      {head + "c=IN IP4 127.0.0.1\n", "more than one c="},
      {"v=0\nc=IN IP4 224.2.36.42/127\n", "multicast"},
      {"v=0\nc=IN IP4 239.1.1.1\n", "multicast"},
      {"v=0\nc=IN IP6 ff15::101\n", "multicast"},
      {"v=0\nc=IN IP4 phone.example.com\n", "host names are not supported"},
      {"v=0\nc=IN IP4 ::1\n", "not an IPv4 address"},
      {"v=0\nc=IN IP6 127.0.0.1\n", "not an IPv6 address"},
      {"v=0\nc=ATM NSAP 1\n", "the network type is not IN"},
      {"v=0\nc=IN IPX 1\n", "neither IP4 nor IP6"},
      {"v=0\nc=IN IP4 127.0.0.1 x\n", "something follows"},
      {head + "m=audio 65536 RTP/AVP 0\n", "the port is not a number of 0 to 65535"},
      {head + "m=audio +4 RTP/AVP 0\n", "the port is not a number"},
      {head + "m=audio 4000/2 RTP/AVP 0\n", "more than one port"},
      {head + "m=audio 4000 RTP/AVP\n", "no payload type"},
      {head + "m=audio 4000 RTP/AVP 128\n", "0 to 127"},
      {head + "m=audio 49152 TCP/\xc3\x84/MSRP 3\n", "line 3 (\"m=audio 49152 TCP/\\xc3\\x84/MSRP 3\"): the transport"},
      {head + "m=audio 4000 udptl\n", "no format"},
      {head + "m=" + std::string(33, 'x') + " 4000 udptl t38\n", "at most 32"},
      {head + "m= \n", "the media type is not a token"},
      {many_media, "line 19 (\"m=audio 4000 RTP/AVP 0\"): more than 16 m= lines"},
      {many_types, "more than 64 payload types"},
      {audio + "a=rtpmap:0 PCMU\n", "<name>/<clock rate>"},
      {audio + "a=rtpmap:0 PCMU/0\n", "the clock rate"},
      {audio + "a=rtpmap:0 PCMU/8000/65\n", "channels"},
      {audio + "a=rtpmap:x PCMU/8000\n", "line 4"},
      {audio + "a=fmtp:0 " + std::string(257, 'x'), "longer than 256 bytes"},
      {audio + "a=fmtp:0 \xff", "not printable"},
      {audio + "a=ptime:x\n", "not a packet time"},
      {audio + "a=maxptime:99999999999\n", "not a packet time"},
      {audio + "a=rtcp:70000\n", "RTCP port"},
      {audio + "a=rtcp:4001 IN IP4 host\n", "host names"},
  };
  for (const auto& [text, sentence] : table) {
    const auto result = Parse(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(GetErrorDetail(result.status()).reason, "INVALID_SDP");
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(sentence)) << text;
  }
}

TEST(SdpTest, WritesWhatAPhoneExpects) {
  MediaDescription description;
  MediaSection* audio = description.add_sections();
  audio->set_kind(MediaSection::AUDIO);
  audio->set_protocol("RTP/AVP");
  audio->set_address("127.0.0.1");
  audio->set_rtp_port(10000);
  audio->set_direction(MediaSection::SENDRECV);
  audio->set_ptime_ms(20);
  auto* codec = audio->add_codecs();
  codec->set_payload_type(0);
  codec->set_name("PCMU");
  codec->set_clock_rate(8000);
  codec->set_channels(1);
  EXPECT_EQ(Write(description, {.session_id = 7, .session_version = 2, .address = "127.0.0.1", .name = "tutti"}),
            "v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=tutti\r\nt=0 0\r\nm=audio 10000 RTP/AVP 0\r\nc=IN IP4 127.0.0.1\r\n"
            "a=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendrecv\r\n");
}

TEST(SdpTest, AnAnswerHasTheOffersMLines) {
  const MediaDescription offer = FromCorpus("webrtc_browser.sdp");
  MediaDescription answer;
  *answer.add_sections() = FromCorpus("ffmpeg_pcmu.sdp").sections(0);
  // The second is rejected by port 0, the third is not in the answer at all.
  answer.add_sections();
  const MediaDescription written = MustParse(WriteAnswer(offer, answer, {.address = "198.18.0.1"}));
  ASSERT_EQ(written.sections_size(), 3);
  EXPECT_TRUE(MessageDifferencer::Equals(written.sections(0), answer.sections(0)));
  EXPECT_EQ(written.sections(1).kind(), MediaSection::VIDEO);
  EXPECT_EQ(written.sections(1).rtp_port(), 0u);
  EXPECT_EQ(written.sections(1).protocol(), "UDP/TLS/RTP/SAVPF");
  EXPECT_EQ(written.sections(1).codecs_size(), 2);
  EXPECT_EQ(written.sections(1).address(), "198.18.0.1");
  EXPECT_EQ(written.sections(2).other_kind(), "application");
  EXPECT_EQ(written.sections(2).rtp_port(), 0u);
}

}  // namespace
}  // namespace tutti::sdp
