#include "tools/caller/negotiation.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "sdp/sdp.h"

namespace tutti::tools {
namespace {

using media::v1::MediaSection;
using mediaplane::Codec;
using mediaplane::FormatOf;

}  // namespace

absl::StatusOr<Codec> CodecFromName(const std::string& name) {
  const std::string upper = absl::AsciiStrToUpper(name);
  if (upper == "PCMU" || upper == "ULAW") return Codec::kPcmu;
  if (upper == "PCMA" || upper == "ALAW") return Codec::kPcma;
  if (upper == "G722") return Codec::kG722;
  if (upper == "L16/8000") return Codec::kL16At8000;
  if (upper == "L16/16000" || upper == "L16") return Codec::kL16At16000;
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_CODEC",
               absl::StrCat("Unknown codec \"", name, "\"; known are PCMU, PCMA, G722, L16/8000 and L16/16000."));
}

std::string CodecName(Codec codec) { return absl::StrCat(FormatOf(codec).name, "/", FormatOf(codec).sample_rate); }

uint8_t PayloadTypeOf(Codec codec) {
  if (FormatOf(codec).payload_type_static != 255) return FormatOf(codec).payload_type_static;
  return codec == Codec::kL16At8000 ? 96 : 97;
}

std::string MakeOffer(Codec codec, const std::string& address, uint16_t rtp_port, uint16_t rtcp_port) {
  media::v1::MediaDescription offer;
  MediaSection* section = offer.add_sections();
  section->set_kind(MediaSection::AUDIO);
  section->set_protocol("RTP/AVP");
  section->set_address(address);
  section->set_rtp_port(rtp_port);
  if (rtcp_port != rtp_port + 1) section->set_rtcp_port(rtcp_port);
  section->set_direction(MediaSection::SENDRECV);
  section->set_ptime_ms(mediaplane::kTickMs);
  auto* offered = section->add_codecs();
  offered->set_payload_type(PayloadTypeOf(codec));
  offered->set_name(FormatOf(codec).name);
  offered->set_clock_rate(FormatOf(codec).clock_rate);
  offered->set_channels(1);
  return sdp::Write(offer, {.session_id = 1, .session_version = 1, .address = address});
}

absl::StatusOr<RemoteMedia> ReadAnswer(const std::string& sdp_answer, Codec codec) {
  TUTTI_ASSIGN_OR_RETURN(const media::v1::MediaDescription answer, sdp::Parse(sdp_answer));
  for (const MediaSection& section : answer.sections()) {
    if (section.kind() != MediaSection::AUDIO || section.rtp_port() == 0 || section.codecs().empty()) continue;
    if (section.codecs(0).payload_type() != PayloadTypeOf(codec)) continue;
    RemoteMedia remote;
    remote.address = section.address();
    remote.rtp_port = static_cast<uint16_t>(section.rtp_port());
    remote.rtcp_port = static_cast<uint16_t>(section.rtcp_port() != 0 ? section.rtcp_port()
                                             : section.rtcp_mux()     ? section.rtp_port()
                                                                      : section.rtp_port() + 1);
    return remote;
  }
  return Error(absl::StatusCode::kFailedPrecondition, "CALL_REJECTED",
               absl::StrCat("The answer has no audio with ", CodecName(codec), "."));
}

}  // namespace tutti::tools
