#include "mediaplane/recording/time_line.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mediaplane/audio/mix.h"

namespace tutti::mediaplane {

bool TimeLine::Advance(int64_t tick_ns) {
  if (tick_ns == seen_ns_) return counted_;
  int64_t passed = seen_ns_ == 0 || resumed_ ? 1 : (tick_ns - seen_ns_ + kTickNs / 2) / kTickNs;
  seen_ns_ = tick_ns;
  counted_ = !paused_ && !over() && passed > 0;
  if (!counted_) return false;
  resumed_ = false;
  if (ticks_ == 0) begin_ns_ = tick_ns;
  passed = std::min(passed, ticks_max_ - ticks_);
  filled_ += passed - 1;
  ticks_ += passed;
  last_ns_ = tick_ns;
  ++heard_;
  return true;
}

void TimeLine::FillUntil(int64_t now_ns) {
  // Ticks are told up to two late; only what is surely missing is filled in.
  constexpr int64_t kLateTicks = 3;
  if (paused_ || resumed_ || ticks_ == 0) return;
  const int64_t missing = std::min((now_ns - seen_ns_) / kTickNs, ticks_max_ - ticks_);
  if (missing <= kLateTicks) return;
  ticks_ += missing;
  filled_ += missing;
  last_ns_ = seen_ns_ + missing * kTickNs;
}

void TimeLine::Pause(bool paused) {
  if (paused_ && !paused) resumed_ = true;
  paused_ = paused;
}

void TimeLine::AddMix(std::span<const int16_t> samples) {
  if (std::all_of(samples.begin(), samples.end(), [](int16_t sample) { return sample == 0; })) return;
  batch_.tracks[0].Add(ticks_ - 1, samples);
}

bool TimeLine::AddLeg(uint32_t presence, std::shared_ptr<const LegName> name, MixRate rate,
                      std::span<const int16_t> samples) {
  if (speakers_.size() >= kSpeakersMax && !speakers_.contains(presence)) return false;
  Speaker& speaker = speakers_[presence];
  if (speaker.batch != batches_) {
    speaker.batch = batches_;
    speaker.track = batch_.tracks.size();
    batch_.tracks.emplace_back().speaker = std::move(name);
  }
  const int64_t tick = ticks_ - 1;
  // It comes out of silence, or with another codec.
  if (speaker.tick != tick - 1 || speaker.rate != rate) {
    speaker.up.Reset();
    speaker.down.Reset();
  }
  speaker.tick = tick;
  speaker.rate = rate;
  Track& track = batch_.tracks[speaker.track];
  if (rate == rate_) {
    track.Add(tick, samples);
    return true;
  }
  std::array<int32_t, kSamplesPerFrameMax> in, out;
  std::array<int16_t, kSamplesPerFrameMax> limited;
  std::copy(samples.begin(), samples.end(), in.begin());
  if (rate == MixRate::k8000) {
    speaker.up.Process(in.data(), samples.size(), out.data());
  } else {
    speaker.down.Process(in.data(), samples.size(), out.data());
  }
  Limit(out.data(), limited.data(), SamplesPerFrame(rate_));
  track.Add(tick, {limited.data(), SamplesPerFrame(rate_)});
  return true;
}

SoundBatch TimeLine::Take() {
  SoundBatch taken;
  taken.tracks.resize(1);
  std::swap(taken, batch_);
  ++batches_;
  taken.ticks_end = ticks_;
  taken.heard = heard_;
  return taken;
}

}  // namespace tutti::mediaplane
