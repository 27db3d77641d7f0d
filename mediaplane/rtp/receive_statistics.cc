#include "mediaplane/rtp/receive_statistics.h"

#include <algorithm>

namespace tutti::mediaplane {
namespace {

// RFC 3550 appendix A.1.
constexpr uint16_t kDropoutMax = 3000;
constexpr uint16_t kMisorderMax = 100;
constexpr uint32_t kSequenceModulus = 1u << 16;
constexpr uint32_t kNoBadSequence = kSequenceModulus + 1;  // equals no sequence

// 1/65536 s, the unit of delays in reports.
constexpr int64_t kShortNtpPerSecond = 65536;
constexpr int64_t kNsPerSecond = 1'000'000'000;

}  // namespace

ReceiveStatistics::Sequence ReceiveStatistics::OnRtp(const RtpPacket& packet, int64_t arrival_ns,
                                                     uint32_t clock_rate_hz) {
  if (!active_ || packet.ssrc != ssrc_) {
    if (active_) {
      earlier_lost_ = packets_lost();
      earlier_received_ += static_cast<uint64_t>(received_);
      ++source_changes_;
    }
    active_ = true;
    ssrc_ = packet.ssrc;
    has_transit_ = false;
    has_sender_report_ = false;
    jitter_q4_ = 0;
    Start(packet.sequence);
    received_ = 1;
    if (clock_rate_hz != 0) UpdateJitter(packet.timestamp, arrival_ns, clock_rate_hz);
    return Sequence::kFirst;
  }
  const Sequence sequence = UpdateSequence(packet.sequence);
  if (sequence == Sequence::kJump) return sequence;
  ++received_;
  if (sequence == Sequence::kRestarted) has_transit_ = false;
  if (clock_rate_hz != 0) UpdateJitter(packet.timestamp, arrival_ns, clock_rate_hz);
  return sequence;
}

void ReceiveStatistics::Start(uint16_t sequence) {
  base_sequence_ = sequence;
  max_sequence_ = sequence;
  bad_sequence_ = kNoBadSequence;
  cycles_ = 0;
  received_ = 0;
  received_prior_ = 0;
  expected_prior_ = 0;
}

ReceiveStatistics::Sequence ReceiveStatistics::UpdateSequence(uint16_t sequence) {
  const auto ahead = static_cast<uint16_t>(sequence - max_sequence_);
  if (ahead != 0 && ahead < kDropoutMax) {
    if (sequence < max_sequence_) cycles_ += kSequenceModulus;
    max_sequence_ = sequence;
    bad_sequence_ = kNoBadSequence;
    return Sequence::kInOrder;
  }
  if (ahead == 0 || ahead > kSequenceModulus - kMisorderMax) return Sequence::kReordered;
  if (sequence == bad_sequence_) {
    // What the earlier numbering lost stays in the leg's figures.
    earlier_lost_ = packets_lost();
    earlier_received_ += static_cast<uint64_t>(received_);
    Start(sequence);
    return Sequence::kRestarted;
  }
  bad_sequence_ = static_cast<uint16_t>(sequence + 1);
  return Sequence::kJump;
}

void ReceiveStatistics::UpdateJitter(uint32_t timestamp, int64_t arrival_ns, uint32_t clock_rate_hz) {
  if (clock_rate_hz != clock_rate_hz_) {
    clock_rate_hz_ = clock_rate_hz;
    has_transit_ = false;
    jitter_q4_ = 0;
  }
  // Seconds and the rest apart, so that no clock is too far on. Wraps as timestamps do.
  const auto seconds = static_cast<uint64_t>(arrival_ns / kNsPerSecond);
  const auto rest_ns = static_cast<uint64_t>(arrival_ns % kNsPerSecond);
  const auto arrival = static_cast<uint32_t>(seconds * clock_rate_hz + rest_ns * clock_rate_hz / kNsPerSecond);
  const uint32_t transit = arrival - timestamp;
  if (has_transit_) {
    const int64_t moved = static_cast<int32_t>(transit - transit_);
    // A step of more than 8 s is the sender's new time line, not jitter.
    const int64_t distance = moved < 0 ? -moved : moved;
    if (distance < int64_t{clock_rate_hz} * 8) {
      jitter_q4_ += static_cast<uint32_t>(distance) - ((jitter_q4_ + 8) >> 4);
    }
  }
  transit_ = transit;
  has_transit_ = true;
}

void ReceiveStatistics::OnSenderReport(uint32_t ssrc, uint64_t ntp, int64_t arrival_ns) {
  if (!active_ || ssrc != ssrc_) return;
  has_sender_report_ = true;
  last_sr_ = static_cast<uint32_t>(ntp >> 16);
  last_sr_arrival_ns_ = arrival_ns;
}

void ReceiveStatistics::OnReportBlock(const RtcpReportBlock& block, uint64_t now_ntp) {
  remote_fraction_lost_ = block.fraction_lost;
  remote_cumulative_lost_ = block.cumulative_lost;
  if (block.last_sr == 0) return;
  const auto now = static_cast<uint32_t>(now_ntp >> 16);
  const auto round_trip = static_cast<int32_t>(now - block.last_sr - block.delay_since_last_sr);
  // Rounding on the far side can make it a little less than nothing; a lie, far off.
  constexpr int32_t kRoundTripMax = 60 * kShortNtpPerSecond;
  constexpr int32_t kRoundingMax = kShortNtpPerSecond / 50;
  if (round_trip < -kRoundingMax || round_trip > kRoundTripMax) return;
  round_trip_us_ = std::max<int64_t>(round_trip, 0) * 1'000'000 / kShortNtpPerSecond;
}

RtcpReportBlock ReceiveStatistics::TakeReportBlock(int64_t now_ns) {
  RtcpReportBlock block;
  const int64_t expected = Expected();
  const int64_t expected_interval = expected - expected_prior_;
  const int64_t lost_interval = expected_interval - (received_ - received_prior_);
  expected_prior_ = expected;
  received_prior_ = received_;
  block.ssrc = ssrc_;
  if (expected_interval > 0 && lost_interval > 0) {
    block.fraction_lost = static_cast<uint8_t>(std::min<int64_t>(lost_interval * 256 / expected_interval, 255));
  }
  block.cumulative_lost = static_cast<int32_t>(std::clamp<int64_t>(expected - received_, -0x800000, 0x7fffff));
  block.highest_sequence = cycles_ + max_sequence_;
  block.jitter = jitter_q4_ >> 4;
  if (has_sender_report_) {
    block.last_sr = last_sr_;
    const int64_t since_ns = std::clamp<int64_t>(now_ns - last_sr_arrival_ns_, 0, 65'535 * kNsPerSecond);
    block.delay_since_last_sr = static_cast<uint32_t>(since_ns * kShortNtpPerSecond / kNsPerSecond);
  }
  return block;
}

uint64_t ReceiveStatistics::packets_lost() const {
  const int64_t now = active_ ? Expected() - received_ : 0;
  return earlier_lost_ + static_cast<uint64_t>(std::max<int64_t>(now, 0));
}

uint32_t ReceiveStatistics::jitter_us() const {
  if (clock_rate_hz_ == 0) return 0;
  return static_cast<uint32_t>(uint64_t{jitter_q4_ >> 4} * 1'000'000 / clock_rate_hz_);
}

}  // namespace tutti::mediaplane
