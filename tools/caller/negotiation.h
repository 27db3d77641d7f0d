#ifndef TOOLS_CALLER_NEGOTIATION_H_
#define TOOLS_CALLER_NEGOTIATION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "mediaplane/audio/format.h"

namespace tutti::tools {

// "PCMU", "PCMA", "G722", "L16/8000", "L16/16000" (or "L16"), in any case.
absl::StatusOr<mediaplane::Codec> CodecFromName(const std::string& name);

// "PCMU/8000", "L16/16000".
std::string CodecName(mediaplane::Codec codec);

// What we offer for it.
uint8_t PayloadTypeOf(mediaplane::Codec codec);

// An offer of that one codec, 20 ms, at the address and ports.
std::string MakeOffer(mediaplane::Codec codec, const std::string& address, uint16_t rtp_port, uint16_t rtcp_port);

// Where the answer wants media to be sent.
struct RemoteMedia {
  std::string address;
  uint16_t rtp_port = 0;
  uint16_t rtcp_port = 0;
};

// FAILED_PRECONDITION, reason CALL_REJECTED, when the answer has no audio for us.
absl::StatusOr<RemoteMedia> ReadAnswer(const std::string& sdp_answer, mediaplane::Codec codec);

}  // namespace tutti::tools

#endif  // TOOLS_CALLER_NEGOTIATION_H_
