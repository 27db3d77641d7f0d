#include "tools/caller/timeline.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace tutti::tools {
namespace {

constexpr int kReorderMs = 100;
constexpr size_t kPacketsWaitingMax = 64;
constexpr int64_t kSecondsMax = 2 * 3600;
constexpr int kTailSeconds = 1;

}  // namespace

Timeline::Timeline(mediaplane::Codec codec, int64_t start_ns, Keep keep)
    : rate_(mediaplane::FormatOf(codec).sample_rate),
      samples_per_unit_(rate_ / mediaplane::FormatOf(codec).clock_rate),
      units_waiting_max_(int64_t{mediaplane::FormatOf(codec).clock_rate} * kReorderMs / 1000),
      start_ns_(start_ns),
      keep_(keep),
      decoder_(codec) {}

int64_t Timeline::IndexOf(int64_t time_ns) const {
  // Split, for nanoseconds times rate overflow after some days.
  const int64_t ns = time_ns - start_ns_;
  return ns / 1'000'000'000 * rate_ + ns % 1'000'000'000 * rate_ / 1'000'000'000;
}

void Timeline::Insert(const mediaplane::RtpPacket& packet, int64_t arrival_ns) {
  const int64_t arrival_index = IndexOf(arrival_ns);
  int64_t units = 0;
  if (ssrc_ == packet.ssrc) {
    units = newest_units_ + static_cast<int32_t>(packet.timestamp - static_cast<uint32_t>(newest_units_));
    const int64_t index = anchor_index_ + (units - anchor_units_) * samples_per_unit_;
    if (std::abs(index - arrival_index) > rate_) ssrc_.reset();
  }
  if (ssrc_ != packet.ssrc) {
    Flush();
    ssrc_ = packet.ssrc;
    units = newest_units_ = played_units_ = anchor_units_ = packet.timestamp;
    anchor_index_ = std::max({int64_t{0}, arrival_index, first_index_ + static_cast<int64_t>(samples_.size())});
  }
  if (units < played_units_) {
    ++packets_late_;
    return;
  }
  newest_units_ = std::max(newest_units_, units);
  waiting_.emplace(units, std::vector<uint8_t>(packet.payload.begin(), packet.payload.end()));
  while (!waiting_.empty() &&
         (waiting_.size() > kPacketsWaitingMax || newest_units_ - waiting_.begin()->first >= units_waiting_max_)) {
    PlayFirst();
  }
}

void Timeline::Flush() {
  while (!waiting_.empty()) PlayFirst();
}

void Timeline::PlayFirst() {
  const auto node = waiting_.extract(waiting_.begin());
  const std::vector<int16_t> decoded = decoder_.Decode(node.mapped());
  const int64_t index = anchor_index_ + (node.key() - anchor_units_) * samples_per_unit_;
  played_units_ = node.key() + static_cast<int64_t>(decoded.size()) / samples_per_unit_;
  if (index / rate_ >= kSecondsMax && keep_ == Keep::kAll) return;
  if (keep_ == Keep::kTail && samples_.size() > static_cast<size_t>(2 * kTailSeconds * rate_)) {
    const auto drop = static_cast<int64_t>(samples_.size()) - kTailSeconds * rate_;
    samples_.erase(samples_.begin(), samples_.begin() + drop);
    first_index_ += drop;
  }
  const int64_t end = first_index_ + static_cast<int64_t>(samples_.size());
  if (keep_ == Keep::kTail && index - end > rate_) {
    samples_.clear();
    first_index_ = index;
  } else if (index > end) {
    samples_.resize(static_cast<size_t>(index - first_index_));
  }
  // Packets that overlap say the same twice: the first one counts.
  const int64_t skip = std::max<int64_t>(0, first_index_ + static_cast<int64_t>(samples_.size()) - index);
  if (skip < static_cast<int64_t>(decoded.size())) {
    samples_.insert(samples_.end(), decoded.begin() + skip, decoded.end());
  }
}

std::vector<int16_t> Timeline::Between(int64_t from_ns, int64_t to_ns) const {
  const int64_t from = IndexOf(from_ns);
  std::vector<int16_t> out(static_cast<size_t>(std::max<int64_t>(0, IndexOf(to_ns) - from)));
  for (size_t i = 0; i < out.size(); ++i) {
    const int64_t k = from + static_cast<int64_t>(i) - first_index_;
    if (k >= 0 && k < static_cast<int64_t>(samples_.size())) out[i] = samples_[static_cast<size_t>(k)];
  }
  return out;
}

}  // namespace tutti::tools
