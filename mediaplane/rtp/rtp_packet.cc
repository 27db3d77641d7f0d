#include "mediaplane/rtp/rtp_packet.h"

#include <algorithm>

namespace tutti::mediaplane {
namespace {

constexpr uint8_t kVersionBits = 0x80;
constexpr uint8_t kVersionMask = 0xc0;
constexpr uint8_t kPaddingBit = 0x20;
constexpr uint8_t kExtensionBit = 0x10;
constexpr size_t kCsrcsMax = 15;

uint16_t Read16(const uint8_t* bytes) { return static_cast<uint16_t>(bytes[0] << 8 | bytes[1]); }

uint32_t Read32(const uint8_t* bytes) { return uint32_t{Read16(bytes)} << 16 | Read16(bytes + 2); }

void Write16(uint8_t* out, uint32_t value) {
  out[0] = static_cast<uint8_t>(value >> 8);
  out[1] = static_cast<uint8_t>(value);
}

void Write32(uint8_t* out, uint32_t value) {
  Write16(out, value >> 16);
  Write16(out + 2, value & 0xffff);
}

// RFC 5761 section 4: what RTCP's packet types 192–223 look like as marker and
// payload type.
bool IsRtcpType(uint8_t second_byte) { return second_byte >= 192 && second_byte <= 223; }

}  // namespace

bool IsRtcp(std::span<const uint8_t> datagram) { return datagram.size() >= 2 && IsRtcpType(datagram[1]); }

RtpError ParseRtp(std::span<const uint8_t> datagram, RtpPacket& packet) {
  if (datagram.size() < kRtpHeaderBytes) return RtpError::kTooShort;
  const uint8_t* bytes = datagram.data();
  if ((bytes[0] & kVersionMask) != kVersionBits) return RtpError::kVersion;
  if (IsRtcpType(bytes[1])) return RtpError::kRtcp;
  packet.marker = (bytes[1] & 0x80) != 0;
  packet.payload_type = bytes[1] & 0x7f;
  packet.sequence = Read16(bytes + 2);
  packet.timestamp = Read32(bytes + 4);
  packet.ssrc = Read32(bytes + 8);

  size_t at = kRtpHeaderBytes;
  const size_t csrc_bytes = size_t{bytes[0] & 0x0fu} * 4;
  if (csrc_bytes > datagram.size() - at) return RtpError::kCsrcTooLong;
  packet.csrcs = datagram.subspan(at, csrc_bytes);
  at += csrc_bytes;

  packet.has_extension = (bytes[0] & kExtensionBit) != 0;
  packet.extension_profile = 0;
  packet.extension = {};
  if (packet.has_extension) {
    if (datagram.size() - at < 4) return RtpError::kExtensionTruncated;
    packet.extension_profile = Read16(bytes + at);
    const size_t extension_bytes = size_t{Read16(bytes + at + 2)} * 4;
    at += 4;
    if (extension_bytes > datagram.size() - at) return RtpError::kExtensionTooLong;
    packet.extension = datagram.subspan(at, extension_bytes);
    at += extension_bytes;
  }

  packet.padding_bytes = 0;
  if ((bytes[0] & kPaddingBit) != 0) {
    const size_t rest = datagram.size() - at;
    if (rest == 0 || datagram.back() == 0) return RtpError::kPaddingZero;
    if (datagram.back() > rest) return RtpError::kPaddingTooLong;
    packet.padding_bytes = datagram.back();
  }
  packet.payload = datagram.subspan(at, datagram.size() - at - packet.padding_bytes);
  return RtpError::kNone;
}

size_t WriteRtp(const RtpPacket& packet, std::span<uint8_t> out) {
  const size_t extension_words = packet.extension.size() / 4;
  if (packet.csrcs.size() % 4 != 0 || packet.csrcs.size() / 4 > kCsrcsMax || packet.extension.size() % 4 != 0 ||
      extension_words > UINT16_MAX || (!packet.has_extension && !packet.extension.empty()) ||
      packet.payload_type > 127) {
    return 0;
  }
  const size_t bytes = kRtpHeaderBytes + packet.csrcs.size() +
                       (packet.has_extension ? 4 + packet.extension.size() : 0) + packet.payload.size() +
                       packet.padding_bytes;
  if (bytes > out.size()) return 0;
  WriteRtpHeader(out.data(), packet.marker, packet.payload_type, packet.sequence, packet.timestamp, packet.ssrc);
  out[0] = static_cast<uint8_t>(out[0] | packet.csrcs.size() / 4 | (packet.has_extension ? kExtensionBit : 0) |
                                (packet.padding_bytes > 0 ? kPaddingBit : 0));
  uint8_t* to = std::copy(packet.csrcs.begin(), packet.csrcs.end(), out.data() + kRtpHeaderBytes);
  if (packet.has_extension) {
    Write16(to, packet.extension_profile);
    Write16(to + 2, static_cast<uint32_t>(extension_words));
    to = std::copy(packet.extension.begin(), packet.extension.end(), to + 4);
  }
  to = std::copy(packet.payload.begin(), packet.payload.end(), to);
  if (packet.padding_bytes > 0) {
    to = std::fill_n(to, packet.padding_bytes - 1, uint8_t{0});
    *to = packet.padding_bytes;
  }
  return bytes;
}

void WriteRtpHeader(uint8_t* out, bool marker, uint8_t payload_type, uint16_t sequence, uint32_t timestamp,
                    uint32_t ssrc) {
  out[0] = kVersionBits;
  out[1] = static_cast<uint8_t>((marker ? 0x80 : 0) | payload_type);
  Write16(out + 2, sequence);
  Write32(out + 4, timestamp);
  Write32(out + 8, ssrc);
}

}  // namespace tutti::mediaplane
