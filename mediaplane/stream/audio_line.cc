#include "mediaplane/stream/audio_line.h"

#include <algorithm>
#include <utility>

#include "mediaplane/audio/gate.h"

namespace tutti::mediaplane {
namespace {

size_t SamplesMax(MixRate rate) {
  return static_cast<size_t>(AudioLine::kWaitSecondsMax) * static_cast<size_t>(SampleRateHz(rate));
}

bool IsSilent(std::span<const int16_t> frame) {
  uint64_t sum_squares = 0;
  for (const int16_t sample : frame) sum_squares += static_cast<uint64_t>(int32_t{sample} * sample);
  return !AboveGate(sum_squares, frame.size());
}

}  // namespace

AudioLine::AudioLine(MixRate rate, bool speaks, std::shared_ptr<StreamCounters> counters)
    : rate_(rate),
      speaks_(speaks),
      counters_(std::move(counters)),
      said_(speaks ? SamplesMax(rate) : 1),
      heard_(SamplesMax(rate)) {}

void AudioLine::Say(std::span<const int16_t> samples) {
  const size_t kept = said_.Put(samples);
  if (kept < samples.size()) counters_->samples_dropped.fetch_add(samples.size() - kept, std::memory_order_relaxed);
}

bool AudioLine::Hear(std::span<int16_t> frame) { return heard_.size() >= frame.size() && heard_.Take(frame) > 0; }

void AudioLine::Deliver(std::span<const int16_t> frame) {
  if (!open_.load(std::memory_order_acquire)) return;
  // A frame is kept whole or not at all.
  if (heard_.room() < frame.size()) return too_slow_.store(true, std::memory_order_relaxed);
  heard_.Put(frame);
}

bool AudioLine::TakeSaid(std::span<int16_t> frame) {
  if (std::exchange(adds_silence_, false)) {
    std::fill(frame.begin(), frame.end(), int16_t{0});
    return true;
  }
  const size_t waiting = said_.size();
  if (!flowing_) {
    if (waiting == 0) return false;
    if (waiting < kFramesAhead * frame.size() && ++frames_waited_ < kFramesAhead) return false;
  }
  frames_waited_ = 0;
  delay_.Observe(waiting, frame.size());
  size_t taken = said_.Take(frame);
  if (delay_.due() && IsSilent(frame)) {
    const int change = delay_.Correct(frame.size());
    if (change > 0 && said_.size() >= frame.size()) {
      taken = said_.Take(frame);
      counters_->frames_left_out.fetch_add(1, std::memory_order_relaxed);
    } else if (change < 0) {
      adds_silence_ = true;
      counters_->frames_added.fetch_add(1, std::memory_order_relaxed);
    }
  }
  std::fill(frame.begin() + static_cast<std::ptrdiff_t>(taken), frame.end(), int16_t{0});
  flowing_ = taken == frame.size();
  if (!flowing_) delay_.Reset();
  return taken > 0;
}

}  // namespace tutti::mediaplane
