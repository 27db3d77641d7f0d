#include "tools/load_generator/stream_check.h"

namespace tutti::tools {

void StreamCheck::Start(int64_t now_ns) {
  *this = StreamCheck();
  start_ns_ = now_ns;
}

void StreamCheck::Restart(uint16_t sequence, uint32_t ssrc) {
  ssrc_ = ssrc;
  highest_ = sequence;
  seen_ = 1;
  ++counts_.received;
  ++counts_.expected;
}

void StreamCheck::OnPacket(uint16_t sequence, uint32_t ssrc, int64_t arrival_ns) {
  if (started_ && arrival_ns - last_arrival_ns_ > kLateNs) ++counts_.late;
  last_arrival_ns_ = arrival_ns;
  if (!started_) {
    started_ = true;
    return Restart(sequence, ssrc);
  }
  const auto step = static_cast<int16_t>(sequence - highest_);
  if (ssrc != ssrc_ || step > kJumpMax || step < -kJumpMax) {
    ++counts_.restarts;
    return Restart(sequence, ssrc);
  }
  if (step > 0) {
    seen_ = step < kWindow ? seen_ << step | 1 : 1;
    highest_ = sequence;
    counts_.expected += static_cast<uint64_t>(step);
    ++counts_.received;
    return;
  }
  const int age = -step;
  if (age >= kWindow || (seen_ >> age & 1) != 0) {
    ++counts_.duplicates;
    return;
  }
  seen_ |= uint64_t{1} << age;
  ++counts_.reordered;
  ++counts_.received;
}

StreamCounts StreamCheck::Finish(int64_t now_ns) const {
  StreamCounts counts = counts_;
  const int64_t since = started_ ? last_arrival_ns_ : start_ns_;
  if (now_ns - since > kSilentNs) counts.expected += static_cast<uint64_t>((now_ns - since) / kPacketNs);
  return counts;
}

}  // namespace tutti::tools
