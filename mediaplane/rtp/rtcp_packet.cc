#include "mediaplane/rtp/rtcp_packet.h"

#include <algorithm>

namespace tutti::mediaplane {
namespace {

constexpr uint8_t kVersionBits = 0x80;
constexpr uint8_t kVersionMask = 0xc0;
constexpr uint8_t kPaddingBit = 0x20;
constexpr uint8_t kCountMask = 0x1f;

constexpr uint8_t kSenderReport = 200;
constexpr uint8_t kReceiverReport = 201;
constexpr uint8_t kDescription = 202;
constexpr uint8_t kBye = 203;
constexpr uint8_t kCnameItem = 1;

constexpr size_t kHeaderBytes = 4;
constexpr size_t kSenderInfoBytes = 20;
constexpr size_t kBlockBytes = 24;

uint32_t Read32(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

uint8_t* Write32(uint8_t* out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) *out++ = static_cast<uint8_t>(value >> shift);
  return out;
}

RtcpReportBlock ReadBlock(const uint8_t* bytes) {
  RtcpReportBlock block;
  block.ssrc = Read32(bytes);
  block.fraction_lost = bytes[4];
  block.cumulative_lost = static_cast<int32_t>(Read32(bytes + 4) << 8) >> 8;
  block.highest_sequence = Read32(bytes + 8);
  block.jitter = Read32(bytes + 12);
  block.last_sr = Read32(bytes + 16);
  block.delay_since_last_sr = Read32(bytes + 20);
  return block;
}

uint8_t* WriteBlock(uint8_t* out, const RtcpReportBlock& block) {
  constexpr int32_t kLostMax = 0x7fffff;
  const int32_t lost = std::clamp(block.cumulative_lost, -kLostMax - 1, kLostMax);
  out = Write32(out, block.ssrc);
  out = Write32(out, uint32_t{block.fraction_lost} << 24 | (static_cast<uint32_t>(lost) & 0xffffff));
  out = Write32(out, block.highest_sequence);
  out = Write32(out, block.jitter);
  out = Write32(out, block.last_sr);
  return Write32(out, block.delay_since_last_sr);
}

uint8_t* WriteHeader(uint8_t* out, size_t count, uint8_t type, size_t bytes) {
  const size_t words = bytes / 4 - 1;
  out[0] = static_cast<uint8_t>(kVersionBits | count);
  out[1] = type;
  out[2] = static_cast<uint8_t>(words >> 8);
  out[3] = static_cast<uint8_t>(words);
  return out + kHeaderBytes;
}

// `body`: the packet after its header, without padding.
RtcpError ReadReports(std::span<const uint8_t> body, bool sender, size_t count, bool first, RtcpReport& report) {
  const size_t fixed = 4 + (sender ? kSenderInfoBytes : 0);
  if (body.size() < fixed + count * kBlockBytes) return RtcpError::kReportTruncated;
  const uint32_t ssrc = Read32(body.data());
  if (first) report.sender_ssrc = ssrc;
  if (sender && ssrc == report.sender_ssrc) {
    const uint8_t* info = body.data() + 4;
    report.has_sender_info = true;
    report.sender_info.ntp = uint64_t{Read32(info)} << 32 | Read32(info + 4);
    report.sender_info.rtp_timestamp = Read32(info + 8);
    report.sender_info.packets = Read32(info + 12);
    report.sender_info.octets = Read32(info + 16);
  }
  for (size_t i = 0; i < count && report.block_count < report.blocks.size(); ++i) {
    report.blocks[report.block_count++] = ReadBlock(body.data() + fixed + i * kBlockBytes);
  }
  return RtcpError::kNone;
}

// One chunk (RFC 3550 section 6.5) from `at`, which moves behind it.
RtcpError ReadChunk(std::span<const uint8_t> body, size_t& at, RtcpReport& report) {
  if (body.size() - at < 4) return RtcpError::kDescriptionTruncated;
  const uint32_t ssrc = Read32(body.data() + at);
  at += 4;
  while (true) {
    if (at >= body.size()) return RtcpError::kDescriptionTruncated;
    const uint8_t item = body[at];
    if (item == 0) {
      // The list ends with one null at least and goes on to the next word.
      at = (at / 4 + 1) * 4;
      return at > body.size() ? RtcpError::kDescriptionTruncated : RtcpError::kNone;
    }
    if (body.size() - at < 2 || body.size() - at - 2 < body[at + 1]) return RtcpError::kDescriptionTruncated;
    const size_t length = body[at + 1];
    if (item == kCnameItem && ssrc == report.sender_ssrc && report.cname.empty()) {
      report.cname = std::string_view(reinterpret_cast<const char*>(body.data()) + at + 2, length);
    }
    at += 2 + length;
  }
}

RtcpError ReadDescription(std::span<const uint8_t> body, size_t count, RtcpReport& report) {
  size_t at = 0;
  for (size_t i = 0; i < count; ++i) {
    if (const RtcpError error = ReadChunk(body, at, report); error != RtcpError::kNone) return error;
  }
  return RtcpError::kNone;
}

RtcpError ReadBye(std::span<const uint8_t> body, size_t count, RtcpReport& report) {
  if (body.size() < count * 4) return RtcpError::kByeTruncated;
  for (size_t i = 0; i < count && report.bye_count < report.byes.size(); ++i) {
    report.byes[report.bye_count++] = Read32(body.data() + i * 4);
  }
  return RtcpError::kNone;
}

RtcpError ReadBody(std::span<const uint8_t> body, uint8_t type, size_t count, bool first, RtcpReport& report) {
  switch (type) {
    case kSenderReport:
    case kReceiverReport:
      return ReadReports(body, type == kSenderReport, count, first, report);
    case kDescription:
      return ReadDescription(body, count, report);
    case kBye:
      return ReadBye(body, count, report);
    default:
      return RtcpError::kNone;
  }
}

}  // namespace

const RtcpReportBlock* RtcpReport::BlockAbout(uint32_t ssrc) const {
  for (size_t i = 0; i < block_count; ++i) {
    if (blocks[i].ssrc == ssrc) return &blocks[i];
  }
  return nullptr;
}

bool RtcpReport::SaysBye(uint32_t ssrc) const {
  return std::find(byes.begin(), byes.begin() + bye_count, ssrc) != byes.begin() + bye_count;
}

RtcpError ParseRtcp(std::span<const uint8_t> datagram, RtcpReport& report) {
  report.sender_ssrc = 0;
  report.has_sender_info = false;
  report.block_count = 0;
  report.bye_count = 0;
  report.cname = {};
  if (datagram.size() < kHeaderBytes) return RtcpError::kTooShort;
  bool first = true;
  while (!datagram.empty()) {
    if (datagram.size() < kHeaderBytes) return RtcpError::kLengthTooLong;
    if ((datagram[0] & kVersionMask) != kVersionBits) return RtcpError::kVersion;
    const uint8_t type = datagram[1];
    if (first && type != kSenderReport && type != kReceiverReport) return RtcpError::kFirstNotReport;
    const size_t bytes = (size_t{datagram[2]} << 8 | datagram[3]) * 4 + kHeaderBytes;
    if (bytes > datagram.size()) return RtcpError::kLengthTooLong;
    size_t padding = 0;
    if ((datagram[0] & kPaddingBit) != 0) {
      if (bytes != datagram.size()) return RtcpError::kPaddingNotLast;
      padding = datagram[bytes - 1];
      if (padding == 0 || padding % 4 != 0 || padding > bytes - kHeaderBytes) return RtcpError::kPaddingInvalid;
    }
    const auto body = datagram.subspan(kHeaderBytes, bytes - kHeaderBytes - padding);
    const RtcpError error = ReadBody(body, type, datagram[0] & kCountMask, first, report);
    if (error != RtcpError::kNone) return error;
    datagram = datagram.subspan(bytes);
    first = false;
  }
  return RtcpError::kNone;
}

size_t WriteRtcp(const RtcpToSend& packet, std::span<uint8_t> out) {
  if (packet.blocks.size() > kRtcpReportBlocksMax || packet.cname.empty() || packet.cname.size() > kRtcpCnameBytesMax) {
    return 0;
  }
  const bool sender = packet.sender_info != nullptr;
  const size_t report_bytes = kHeaderBytes + 4 + (sender ? kSenderInfoBytes : 0) + packet.blocks.size() * kBlockBytes;
  // Chunk: SSRC, item header, text, and 1–4 nulls up to the next word.
  const size_t description_bytes = kHeaderBytes + (4 + 2 + packet.cname.size() + 4) / 4 * 4;
  const size_t bye_bytes = packet.bye ? kHeaderBytes + 4 : 0;
  const size_t bytes = report_bytes + description_bytes + bye_bytes;
  if (bytes > out.size()) return 0;

  uint8_t* to = WriteHeader(out.data(), packet.blocks.size(), sender ? kSenderReport : kReceiverReport, report_bytes);
  to = Write32(to, packet.ssrc);
  if (sender) {
    to = Write32(to, static_cast<uint32_t>(packet.sender_info->ntp >> 32));
    to = Write32(to, static_cast<uint32_t>(packet.sender_info->ntp));
    to = Write32(to, packet.sender_info->rtp_timestamp);
    to = Write32(to, packet.sender_info->packets);
    to = Write32(to, packet.sender_info->octets);
  }
  for (const RtcpReportBlock& block : packet.blocks) to = WriteBlock(to, block);

  uint8_t* const description = to;
  to = WriteHeader(to, 1, kDescription, description_bytes);
  to = Write32(to, packet.ssrc);
  *to++ = kCnameItem;
  *to++ = static_cast<uint8_t>(packet.cname.size());
  to = std::copy(packet.cname.begin(), packet.cname.end(), to);
  to = std::fill_n(to, description + description_bytes - to, uint8_t{0});

  if (packet.bye) {
    to = WriteHeader(to, 1, kBye, bye_bytes);
    Write32(to, packet.ssrc);
  }
  return bytes;
}

}  // namespace tutti::mediaplane
