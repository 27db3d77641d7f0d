#ifndef MEDIAPLANE_NEGOTIATION_NEGOTIATION_H_
#define MEDIAPLANE_NEGOTIATION_NEGOTIATION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "mediaplane/audio/format.h"
#include "mediaplane/negotiation/peer_allow.h"
#include "mediaplane/port/port.h"
#include "tutti/media/v1/description.pb.h"

namespace tutti::mediaplane {

// What an offer and our abilities come to (RFC 3264). "We" is this node.
struct Negotiated {
  size_t section = 0;  // of the offer: the audio that is used
  Codec codec = Codec::kNone;
  uint8_t payload_type = 0;
  // Telephone-events (RFC 4733) of the codec's clock rate, when offered.
  std::optional<uint8_t> telephone_event_type;

  // Where we send. Unspecified with port 0 where the offer says so: on hold.
  SocketAddress remote_rtp;
  SocketAddress remote_rtcp;
  bool rtcp_mux = false;

  // The offer's direction seen from here, less what its hold address takes away.
  bool may_send = false;
  bool may_receive = false;
};

// Picks the first audio section with a port and a codec that we have, and in it
// the first such codec. INVALID_ARGUMENT: reason MEDIA_NOT_SUPPORTED where
// nothing fits or the peer is outside `allow`, INVALID_REQUEST_PARAMETER where
// the offer breaks the limits of description.proto.
absl::StatusOr<Negotiated> Negotiate(const media::v1::MediaDescription& offer, const PeerAllowList& allow);

// Our description for a negotiated offer: as many sections in the same order,
// all but one with port 0. Payload types are those of the offer.
media::v1::MediaDescription MakeAnswer(const media::v1::MediaDescription& offer, const Negotiated& negotiated,
                                       const Endpoint& local);

// "PCMU/8000": the encoding name and the RTP clock rate.
std::string CodecName(Codec codec);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NEGOTIATION_NEGOTIATION_H_
