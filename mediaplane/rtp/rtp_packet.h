#ifndef MEDIAPLANE_RTP_RTP_PACKET_H_
#define MEDIAPLANE_RTP_RTP_PACKET_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace tutti::mediaplane {

constexpr size_t kRtpHeaderBytes = 12;

// Payload type of comfort noise (RFC 3389): here it means silence.
constexpr uint8_t kComfortNoisePayloadType = 13;

// Why bytes are not an RTP packet: one reason a bound.
enum class RtpError : uint8_t {
  kNone,
  kTooShort,            // less than the fixed header
  kVersion,             // not 2
  kCsrcTooLong,         // CSRC list goes past the end
  kExtensionTruncated,  // no room for the extension's own header
  kExtensionTooLong,    // extension goes past the end
  kPaddingZero,         // padding flag with a length of 0 (or no byte to hold it)
  kPaddingTooLong,      // padding longer than what follows the header
  kRtcp,                // payload type 64–95 under rtcp-mux: an RTCP packet (RFC 5761 section 4)
};

// A view of a datagram (RFC 3550 section 5.1): spans point into it.
struct RtpPacket {
  bool marker = false;
  uint8_t payload_type = 0;  // 0–127
  uint16_t sequence = 0;
  uint32_t timestamp = 0;
  uint32_t ssrc = 0;
  std::span<const uint8_t> csrcs;  // 4 bytes each, network order, at most 15
  bool has_extension = false;
  uint16_t extension_profile = 0;
  std::span<const uint8_t> extension;  // without its 4-byte header; a multiple of 4 bytes
  std::span<const uint8_t> payload;    // without padding; may be empty
  uint8_t padding_bytes = 0;           // includes the length byte
};

// Whether a datagram on a port shared with RTCP is RTCP (RFC 5761 section 4).
bool IsRtcp(std::span<const uint8_t> datagram);

// `packet` is valid only when this returns kNone.
RtpError ParseRtp(std::span<const uint8_t> datagram, RtpPacket& packet);

// Writes header, payload and padding; returns its bytes, or 0 when `out` is too
// small or a field breaks its bound. Padding is zeros.
size_t WriteRtp(const RtpPacket& packet, std::span<uint8_t> out);

// The 12 bytes of a header without CSRCs and extension: what the media plane sends.
void WriteRtpHeader(uint8_t* out, bool marker, uint8_t payload_type, uint16_t sequence, uint32_t timestamp,
                    uint32_t ssrc);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RTP_RTP_PACKET_H_
