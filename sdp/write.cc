#include <string>

#include "absl/strings/str_cat.h"
#include "sdp/sdp.h"

namespace tutti::sdp {
namespace {

using media::v1::Codec;
using media::v1::MediaDescription;
using media::v1::MediaSection;

std::string AddressType(const std::string& address) {
  return address.find(':') == std::string::npos ? "IN IP4" : "IN IP6";
}

const char* DirectionName(MediaSection::Direction direction) {
  switch (direction) {
    case MediaSection::SENDONLY:
      return "sendonly";
    case MediaSection::RECVONLY:
      return "recvonly";
    case MediaSection::INACTIVE:
      return "inactive";
    default:
      return "sendrecv";
  }
}

std::string KindName(const MediaSection& section) {
  switch (section.kind()) {
    case MediaSection::VIDEO:
      return "video";
    case MediaSection::OTHER:
      return section.other_kind();
    default:
      return "audio";
  }
}

void AppendCodec(const Codec& codec, std::string& text) {
  if (!codec.name().empty()) {
    absl::StrAppend(&text, "a=rtpmap:", codec.payload_type(), " ", codec.name(), "/", codec.clock_rate());
    if (codec.channels() > 1) absl::StrAppend(&text, "/", codec.channels());
    absl::StrAppend(&text, "\r\n");
  }
  if (!codec.format_parameters().empty()) {
    absl::StrAppend(&text, "a=fmtp:", codec.payload_type(), " ", codec.format_parameters(), "\r\n");
  }
}

void AppendSection(const MediaSection& section, std::string& text) {
  absl::StrAppend(&text, "m=", KindName(section), " ", section.rtp_port(), " ", section.protocol());
  for (const Codec& codec : section.codecs()) absl::StrAppend(&text, " ", codec.payload_type());
  for (const std::string& format : section.other_formats()) absl::StrAppend(&text, " ", format);
  absl::StrAppend(&text, "\r\n");
  if (!section.address().empty()) {
    absl::StrAppend(&text, "c=", AddressType(section.address()), " ", section.address(), "\r\n");
  }
  for (const Codec& codec : section.codecs()) AppendCodec(codec, text);
  if (section.ptime_ms() != 0) absl::StrAppend(&text, "a=ptime:", section.ptime_ms(), "\r\n");
  if (section.maxptime_ms() != 0) absl::StrAppend(&text, "a=maxptime:", section.maxptime_ms(), "\r\n");
  absl::StrAppend(&text, "a=", DirectionName(section.direction()), "\r\n");
  if (section.rtcp_port() != 0) {
    absl::StrAppend(&text, "a=rtcp:", section.rtcp_port());
    if (!section.rtcp_address().empty()) {
      absl::StrAppend(&text, " ", AddressType(section.rtcp_address()), " ", section.rtcp_address());
    }
    absl::StrAppend(&text, "\r\n");
  }
  if (section.rtcp_mux()) absl::StrAppend(&text, "a=rtcp-mux\r\n");
}

// The offer's m-line with port 0 and nothing that was negotiated.
MediaSection Rejected(const MediaSection& offered, const SessionInfo& session) {
  MediaSection section;
  section.set_kind(offered.kind());
  section.set_other_kind(offered.other_kind());
  section.set_protocol(offered.protocol());
  section.set_address(session.address);
  section.set_direction(MediaSection::INACTIVE);
  *section.mutable_other_formats() = offered.other_formats();
  for (const Codec& codec : offered.codecs()) section.add_codecs()->set_payload_type(codec.payload_type());
  return section;
}

}  // namespace

std::string Write(const MediaDescription& description, const SessionInfo& session) {
  std::string text =
      absl::StrCat("v=0\r\no=- ", session.session_id, " ", session.session_version, " ", AddressType(session.address),
                   " ", session.address, "\r\ns=", session.name, "\r\nt=0 0\r\n");
  for (const MediaSection& section : description.sections()) AppendSection(section, text);
  return text;
}

std::string WriteAnswer(const MediaDescription& offer, const MediaDescription& answer, const SessionInfo& session) {
  MediaDescription whole;
  for (int i = 0; i < offer.sections_size(); ++i) {
    if (i < answer.sections_size() && answer.sections(i).rtp_port() != 0) {
      *whole.add_sections() = answer.sections(i);
    } else {
      *whole.add_sections() = Rejected(offer.sections(i), session);
    }
  }
  return Write(whole, session);
}

}  // namespace tutti::sdp
