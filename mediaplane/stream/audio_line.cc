#include "mediaplane/stream/audio_line.h"

#include <algorithm>
#include <utility>

namespace tutti::mediaplane {
namespace {

// What is said begins when so many frames are there, or have had the time to come: a
// program that sends as it speaks may be so unpunctual.
constexpr int kFramesAhead = 3;

size_t SamplesMax(MixRate rate) {
  return static_cast<size_t>(AudioLine::kWaitSecondsMax) * static_cast<size_t>(SampleRateHz(rate));
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
  const size_t waiting = said_.size();
  if (!flowing_) {
    if (waiting == 0) return false;
    if (waiting < kFramesAhead * frame.size() && ++frames_waited_ < kFramesAhead) return false;
  }
  frames_waited_ = 0;
  const size_t taken = said_.Take(frame);
  std::fill(frame.begin() + static_cast<std::ptrdiff_t>(taken), frame.end(), int16_t{0});
  flowing_ = taken == frame.size();
  return taken > 0;
}

}  // namespace tutti::mediaplane
