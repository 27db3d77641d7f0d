#ifndef SDP_SDP_H_
#define SDP_SDP_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tutti/media/v1/description.pb.h"

namespace tutti::sdp {

// Longer texts are refused.
inline constexpr size_t kTextBytesMax = 16 * 1024;

// Reads a session description (RFC 8866), offer or answer alike. What the
// session says for all of its media (c=, direction, rtcp-mux, ptime) is folded
// into each section, addresses are in canonical text form, and every section
// has a direction. Bare LF, a missing last line end and missing o=, s= and t=
// lines are accepted; media attributes that we don't know are skipped.
//
// Errors: INVALID_ARGUMENT, reason INVALID_SDP, with a sentence that names the
// line. Host names and multicast addresses are among them: a participant is one
// unicast address.
//
// Pure function of its text; linear in its length. Parse(Write(x)) is x for
// every x that Parse gave.
absl::StatusOr<media::v1::MediaDescription> Parse(std::string_view text);

// What a text has besides its media (the o= and s= lines).
struct SessionInfo {
  // Same over the life of a call (RFC 3264 section 8).
  uint64_t session_id = 0;

  // One more for each changed description.
  uint64_t session_version = 0;

  // IPv4 or IPv6, of the writer.
  std::string address = "127.0.0.1";

  // s=; "-" is none.
  std::string name = "-";
};

// The description as text, lines ended by CRLF.
std::string Write(const media::v1::MediaDescription& description, const SessionInfo& session);

// The same for an answer: it has exactly the offer's m-lines in the offer's
// order (RFC 3264 section 6). A section that `answer` lacks, or has with port 0,
// is written as rejected, with the offer's media type, protocol and formats.
std::string WriteAnswer(const media::v1::MediaDescription& offer, const media::v1::MediaDescription& answer,
                        const SessionInfo& session);

}  // namespace tutti::sdp

#endif  // SDP_SDP_H_
