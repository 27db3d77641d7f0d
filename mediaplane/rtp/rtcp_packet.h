#ifndef MEDIAPLANE_RTP_RTCP_PACKET_H_
#define MEDIAPLANE_RTP_RTCP_PACKET_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tutti::mediaplane {

// Limits on what one compound packet can make us keep. What is over them is
// skipped, not an error: one peer has no use for more.
constexpr size_t kRtcpReportBlocksMax = 31;
constexpr size_t kRtcpByeSourcesMax = 31;
constexpr size_t kRtcpCnameBytesMax = 255;

// The longest compound packet that WriteRtcp makes.
constexpr size_t kRtcpBytesMax = 8 + 20 + kRtcpReportBlocksMax * 24 + 12 + kRtcpCnameBytesMax + 4 + 8;

// Why bytes are not a compound RTCP packet (RFC 3550 appendix A.2).
enum class RtcpError : uint8_t {
  kNone,
  kTooShort,              // less than one header
  kVersion,               // a packet of another version
  kFirstNotReport,        // does not begin with SR or RR
  kPaddingNotLast,        // padding in a packet that is not the last one
  kLengthTooLong,         // a packet goes past the end
  kPaddingInvalid,        // padding of 0, not a multiple of 4, or longer than its packet
  kReportTruncated,       // a report shorter than its count of blocks says
  kDescriptionTruncated,  // an SDES chunk or item goes past its packet
  kByeTruncated,          // a BYE shorter than its count says
};

struct RtcpSenderInfo {
  uint64_t ntp = 0;  // NTP timestamp, 32.32 seconds
  uint32_t rtp_timestamp = 0;
  uint32_t packets = 0;
  uint32_t octets = 0;
};

struct RtcpReportBlock {
  uint32_t ssrc = 0;                 // whom it reports about
  uint8_t fraction_lost = 0;         // 1/256
  int32_t cumulative_lost = 0;       // 24 bits, signed
  uint32_t highest_sequence = 0;     // extended
  uint32_t jitter = 0;               // RTP clock units
  uint32_t last_sr = 0;              // middle 32 bits of the NTP timestamp; 0: none
  uint32_t delay_since_last_sr = 0;  // 1/65536 s
};

// All that a compound packet said that matters here. `cname` points into the datagram.
struct RtcpReport {
  uint32_t sender_ssrc = 0;  // of the first SR or RR
  bool has_sender_info = false;
  RtcpSenderInfo sender_info;
  size_t block_count = 0;
  std::array<RtcpReportBlock, kRtcpReportBlocksMax> blocks;
  size_t bye_count = 0;
  std::array<uint32_t, kRtcpByeSourcesMax> byes;
  std::string_view cname;  // of sender_ssrc; empty: not said

  // The block about `ssrc`; nullptr when there is none.
  const RtcpReportBlock* BlockAbout(uint32_t ssrc) const;
  bool SaysBye(uint32_t ssrc) const;
};

// `report` is valid only when this returns kNone. Other packet types (APP, feedback,
// extended reports) are skipped.
RtcpError ParseRtcp(std::span<const uint8_t> datagram, RtcpReport& report);

// What WriteRtcp makes: SR (with `sender_info`) or RR, SDES with CNAME, and BYE.
struct RtcpToSend {
  uint32_t ssrc = 0;
  const RtcpSenderInfo* sender_info = nullptr;  // nullptr: RR
  std::span<const RtcpReportBlock> blocks;      // at most kRtcpReportBlocksMax
  std::string_view cname;                       // 1–255 bytes
  bool bye = false;
};

// Returns its bytes, or 0 when `out` is too small or a bound is broken.
size_t WriteRtcp(const RtcpToSend& packet, std::span<uint8_t> out);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RTP_RTCP_PACKET_H_
