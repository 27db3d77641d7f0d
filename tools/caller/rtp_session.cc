#include "tools/caller/rtp_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mediaplane/rtp/rtcp_packet.h"
#include "mediaplane/rtp/rtp_packet.h"

namespace tutti::tools {
namespace {

using mediaplane::FormatOf;

constexpr int64_t kMsNs = 1'000'000;
constexpr int64_t kLateNs = 40 * kMsNs;

// RFC 3550 section 4: seconds since 1900 in 32.32 bits.
uint64_t NtpOf(int64_t unix_ns) {
  constexpr uint64_t kSecondsFrom1900To1970 = 2'208'988'800;
  const uint64_t seconds = static_cast<uint64_t>(unix_ns / 1'000'000'000) + kSecondsFrom1900To1970;
  const uint64_t fraction = (static_cast<uint64_t>(unix_ns % 1'000'000'000) << 32) / 1'000'000'000;
  return seconds << 32 | fraction;
}

}  // namespace

RtpSession::RtpSession(const Options& options, std::unique_ptr<AudioSource> source, int64_t start_ns)
    : options_(options),
      source_(std::move(source)),
      encoder_(options.codec),
      start_ns_(start_ns),
      heard_(options.codec, start_ns, options.keep),
      sequence_(options.first_sequence),
      timestamp_(options.first_timestamp) {}

size_t RtpSession::NextRtp(std::span<uint8_t> out) {
  const mediaplane::AudioFormat& format = FormatOf(options_.codec);
  if (out.size() < mediaplane::kRtpHeaderBytes + format.bytes_per_frame) return 0;
  std::array<int16_t, mediaplane::kSamplesPerFrameMax> frame;
  const std::span<int16_t> samples(frame.data(), format.samples_per_frame);
  source_->Read(samples);
  statistics_.said_dbfs = LevelDbfs(samples);
  mediaplane::WriteRtpHeader(out.data(), statistics_.packets_sent == 0, options_.payload_type, sequence_, timestamp_,
                             options_.ssrc);
  const size_t bytes = encoder_.Encode(samples, out.data() + mediaplane::kRtpHeaderBytes);
  ++sequence_;
  timestamp_ += format.units_per_frame;
  ++statistics_.packets_sent;
  octets_sent_ += bytes;
  return mediaplane::kRtpHeaderBytes + bytes;
}

size_t RtpSession::NextRtcp(int64_t now_ns, bool bye, std::span<uint8_t> out) {
  mediaplane::RtcpSenderInfo sender;
  sender.ntp = NtpOf(now_ns);
  sender.rtp_timestamp = timestamp_;
  sender.packets = static_cast<uint32_t>(statistics_.packets_sent);
  sender.octets = static_cast<uint32_t>(octets_sent_);
  std::array<mediaplane::RtcpReportBlock, 1> block;
  mediaplane::RtcpToSend packet;
  packet.ssrc = options_.ssrc;
  packet.cname = options_.cname;
  packet.bye = bye;
  if (statistics_.packets_sent > 0) packet.sender_info = &sender;
  if (received_.active()) {
    block[0] = received_.TakeReportBlock(now_ns - start_ns_);
    packet.blocks = block;
  }
  return mediaplane::WriteRtcp(packet, out);
}

void RtpSession::OnRtp(std::span<const uint8_t> datagram, int64_t arrival_ns) {
  mediaplane::RtpPacket packet;
  if (mediaplane::ParseRtp(datagram, packet) != mediaplane::RtpError::kNone ||
      packet.payload_type != options_.payload_type) {
    ++statistics_.packets_bad;
    return;
  }
  using Sequence = mediaplane::ReceiveStatistics::Sequence;
  if (received_.OnRtp(packet, arrival_ns - start_ns_, FormatOf(options_.codec).clock_rate) == Sequence::kReordered) {
    ++statistics_.packets_reordered;
  }
  if (last_arrival_ns_ != 0) {
    const int64_t gap_ns = arrival_ns - last_arrival_ns_;
    if (gap_ns > kLateNs) ++statistics_.packets_after_gap;
    statistics_.gap_ms_max = std::max(statistics_.gap_ms_max, static_cast<double>(gap_ns) / kMsNs);
  }
  last_arrival_ns_ = arrival_ns;
  heard_.Insert(packet, arrival_ns);
}

void RtpSession::OnRtcp(std::span<const uint8_t> datagram, int64_t arrival_ns) {
  mediaplane::RtcpReport report;
  if (mediaplane::ParseRtcp(datagram, report) != mediaplane::RtcpError::kNone) {
    ++statistics_.packets_bad;
    return;
  }
  if (report.has_sender_info)
    received_.OnSenderReport(report.sender_ssrc, report.sender_info.ntp, arrival_ns - start_ns_);
  if (const mediaplane::RtcpReportBlock* block = report.BlockAbout(options_.ssrc)) {
    received_.OnReportBlock(*block, NtpOf(arrival_ns));
  }
}

CallerStatistics RtpSession::Statistics(int64_t now_ns) const {
  CallerStatistics statistics = statistics_;
  statistics.packets_received = received_.packets_received();
  statistics.packets_lost = received_.packets_lost();
  statistics.jitter_ms = received_.jitter_us() / 1000.0;
  if (received_.round_trip_us() >= 0) statistics.round_trip_ms = received_.round_trip_us() / 1000.0;
  statistics.remote_loss_percent = received_.remote_fraction_lost() * 100.0 / 256;
  // Up to 100 ms of what has arrived still waits for reordered packets.
  statistics.heard_dbfs = LevelDbfs(heard_.Between(now_ns - 350 * kMsNs, now_ns - 150 * kMsNs));
  return statistics;
}

}  // namespace tutti::tools
