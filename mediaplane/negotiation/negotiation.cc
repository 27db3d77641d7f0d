#include "mediaplane/negotiation/negotiation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status.h"
#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

using Offered = media::v1::Codec;
using media::v1::MediaDescription;
using media::v1::MediaSection;

// The limits of description.proto.
constexpr int kSectionsMax = 16;
constexpr int kCodecsMax = 64;
constexpr int kOtherFormatsMax = 16;
constexpr size_t kTextBytesMax = 256;

constexpr char kProtocol[] = "RTP/AVP";
constexpr char kTelephoneEvent[] = "TELEPHONE-EVENT";
constexpr char kComfortNoise[] = "CN";
constexpr uint32_t kComfortNoiseType = 13;
constexpr uint32_t kPacketMs = 20;

absl::Status Malformed(const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", message);
}

absl::Status NotSupported(const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, "MEDIA_NOT_SUPPORTED", message);
}

std::string OurCodecs() {
  std::vector<std::string> names;
  for (const AudioFormat& format : kAudioFormats) {
    if (format.codec != Codec::kNone) names.push_back(CodecName(format.codec));
  }
  return absl::StrJoin(names, ", ");
}

// 64–95 can't be told from RTCP on a shared port (RFC 5761 section 4).
bool PayloadTypeUsable(uint32_t type) { return type < 64 || (type > 95 && type < 128); }

// kNone for one that we don't have.
Codec Find(const Offered& offered) {
  if (offered.channels() > 1 || !PayloadTypeUsable(offered.payload_type())) return Codec::kNone;
  for (const AudioFormat& format : kAudioFormats) {
    if (format.codec != Codec::kNone && offered.name() == format.name && offered.clock_rate() == format.clock_rate) {
      return format.codec;
    }
  }
  return Codec::kNone;
}

absl::Status CheckLimits(const MediaDescription& offer) {
  if (offer.sections().empty()) return Malformed("the offer has no media section");
  if (offer.sections_size() > kSectionsMax) {
    return Malformed(
        absl::StrCat("the offer has ", offer.sections_size(), " media sections; ", kSectionsMax, " is the most"));
  }
  for (const MediaSection& section : offer.sections()) {
    if (section.codecs_size() > kCodecsMax || section.other_formats_size() > kOtherFormatsMax) {
      return Malformed(absl::StrCat("a media section of the offer has more than ", kCodecsMax, " payload types"));
    }
    if (section.rtp_port() > UINT16_MAX || section.rtcp_port() > UINT16_MAX) {
      return Malformed("a port of the offer is above 65535");
    }
    for (const Offered& codec : section.codecs()) {
      if (codec.payload_type() > 127 || codec.name().size() > kTextBytesMax ||
          codec.format_parameters().size() > kTextBytesMax) {
        return Malformed("a payload type of the offer is above 127 or has too long a name or parameter");
      }
    }
  }
  return absl::OkStatus();
}

// Whether an offered section could be used, its codecs aside.
bool Usable(const MediaSection& section) {
  return section.kind() == MediaSection::AUDIO && section.rtp_port() != 0 && section.protocol() == kProtocol;
}

absl::StatusOr<SocketAddress> PeerAddress(const std::string& text, uint32_t port, const PeerAllowList& allow) {
  const auto ip = ParseSocketAddress(text, static_cast<uint16_t>(port));
  if (!ip) return Malformed(absl::StrCat("the offer's address \"", text, "\" is no IP address"));
  if (IsUnspecified(*ip)) return *ip;
  if (IsMulticast(*ip)) return NotSupported(absl::StrCat("the offer's address ", text, " is not of a single host"));
  if (!allow.Contains(*ip)) {
    return NotSupported(absl::StrCat("the offer's address ", text, " is not in rtp_peer_allow (", allow.ToString(),
                                     "), the networks that media may be exchanged with"));
  }
  return *ip;
}

absl::Status NegotiateAddresses(const MediaSection& section, const PeerAllowList& allow, Negotiated& result) {
  result.rtcp_mux = section.rtcp_mux();
  TUTTI_ASSIGN_OR_RETURN(result.remote_rtp, PeerAddress(section.address(), section.rtp_port(), allow));
  if (IsUnspecified(result.remote_rtp)) {
    result.remote_rtp.port = 0;
    result.remote_rtcp = result.remote_rtp;
    return absl::OkStatus();
  }
  result.remote_rtcp = result.remote_rtp;
  if (result.rtcp_mux) return absl::OkStatus();
  const uint32_t rtcp_port = section.rtcp_port() != 0 ? section.rtcp_port() : section.rtp_port() + 1;
  if (rtcp_port > UINT16_MAX) {
    return Malformed("the offer's RTP port 65535 leaves none for RTCP; say a=rtcp or a=rtcp-mux");
  }
  result.remote_rtcp.port = static_cast<uint16_t>(rtcp_port);
  if (!section.rtcp_address().empty()) {
    TUTTI_ASSIGN_OR_RETURN(result.remote_rtcp, PeerAddress(section.rtcp_address(), rtcp_port, allow));
    if (IsUnspecified(result.remote_rtcp)) result.remote_rtcp.port = 0;
  }
  return absl::OkStatus();
}

// RFC 3264 section 6.1. Not said is sendrecv.
MediaSection::Direction Mirror(MediaSection::Direction offered) {
  switch (offered) {
    case MediaSection::SENDONLY:
      return MediaSection::RECVONLY;
    case MediaSection::RECVONLY:
      return MediaSection::SENDONLY;
    case MediaSection::INACTIVE:
      return MediaSection::INACTIVE;
    default:
      return MediaSection::SENDRECV;
  }
}

// The chosen codec first, then telephone-event and comfort noise as offered.
void AnswerCodecs(const MediaSection& offered, const Negotiated& negotiated, MediaSection& answer) {
  const auto chosen = std::find_if(offered.codecs().begin(), offered.codecs().end(), [&](const Offered& codec) {
    return codec.payload_type() == negotiated.payload_type && Find(codec) == negotiated.codec;
  });
  Offered& audio = *answer.add_codecs();
  audio = *chosen;
  audio.set_channels(1);
  audio.clear_format_parameters();
  for (const Offered& codec : offered.codecs()) {
    if (codec.name() == kTelephoneEvent && negotiated.telephone_event_type == codec.payload_type()) {
      Offered& event = *answer.add_codecs();
      event = codec;
      event.set_channels(1);
      event.set_format_parameters("0-15");  // the keys of a telephone (RFC 4733 section 3.2)
    } else if (codec.name() == kComfortNoise && codec.payload_type() == kComfortNoiseType) {
      *answer.add_codecs() = codec;
    }
  }
}

}  // namespace

absl::StatusOr<Negotiated> Negotiate(const MediaDescription& offer, const PeerAllowList& allow) {
  TUTTI_RETURN_IF_ERROR(CheckLimits(offer));
  for (int i = 0; i < offer.sections_size(); ++i) {
    const MediaSection& section = offer.sections(i);
    if (!Usable(section)) continue;
    const auto codec = std::find_if(section.codecs().begin(), section.codecs().end(),
                                    [](const Offered& candidate) { return Find(candidate) != Codec::kNone; });
    if (codec == section.codecs().end()) continue;

    Negotiated result;
    result.section = static_cast<size_t>(i);
    result.codec = Find(*codec);
    result.payload_type = static_cast<uint8_t>(codec->payload_type());
    for (const Offered& event : section.codecs()) {
      if (event.name() == kTelephoneEvent && event.clock_rate() == codec->clock_rate() &&
          PayloadTypeUsable(event.payload_type()) && event.payload_type() != codec->payload_type()) {
        result.telephone_event_type = static_cast<uint8_t>(event.payload_type());
        break;
      }
    }
    TUTTI_RETURN_IF_ERROR(NegotiateAddresses(section, allow, result));
    const bool hold = IsUnspecified(result.remote_rtp);
    const auto direction = Mirror(section.direction());
    result.may_send = !hold && (direction == MediaSection::SENDRECV || direction == MediaSection::SENDONLY);
    result.may_receive = !hold && (direction == MediaSection::SENDRECV || direction == MediaSection::RECVONLY);
    return result;
  }
  return NotSupported(absl::StrCat("the offer has no audio section over ", kProtocol,
                                   " with a port and a codec that we have: ", OurCodecs()));
}

MediaDescription MakeAnswer(const MediaDescription& offer, const Negotiated& negotiated, const Endpoint& local) {
  MediaDescription answer;
  const std::string address = FormatIp(local.rtp);
  for (int i = 0; i < offer.sections_size(); ++i) {
    const MediaSection& offered = offer.sections(i);
    MediaSection& section = *answer.add_sections();
    section.set_kind(offered.kind());
    section.set_other_kind(offered.other_kind());
    section.set_protocol(offered.protocol());
    section.set_address(address);
    if (static_cast<size_t>(i) != negotiated.section) {
      // A rejected section keeps its formats: an m-line has at least one
      // (RFC 3264 section 6).
      *section.mutable_codecs() = offered.codecs();
      *section.mutable_other_formats() = offered.other_formats();
      section.set_direction(MediaSection::INACTIVE);
      continue;
    }
    section.set_rtp_port(local.rtp.port);
    section.set_rtcp_port(local.rtcp.port);
    section.set_rtcp_mux(negotiated.rtcp_mux);
    section.set_direction(Mirror(offered.direction()));
    section.set_ptime_ms(kPacketMs);
    AnswerCodecs(offered, negotiated, section);
  }
  return answer;
}

std::string CodecName(Codec codec) { return absl::StrCat(FormatOf(codec).name, "/", FormatOf(codec).clock_rate); }

}  // namespace tutti::mediaplane
