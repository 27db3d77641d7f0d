#include "mediaplane/transcription/segmenter.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tutti::mediaplane {
namespace {

// Speech is so far above the leg's noise, dB, and above this, dBFS; what goes on may
// be somewhat quieter than what begins.
constexpr float kAboveFloorDb = 10;
constexpr float kSpeechMinDb = -50;
constexpr float kHysteresisDb = 4;

// What a cut looks for: a quiet moment of this many frames.
constexpr size_t kQuietFrames = 5;

constexpr size_t kPreRollFrames = Segmenter::kPreRollNs / kTickNs;
constexpr int kSpeechMinFrames = Segmenter::kSpeechMinNs / kTickNs;
constexpr int64_t kHangOverFrames = Segmenter::kHangOverNs / kTickNs;

constexpr std::array<int16_t, kSamplesPerFrameMax> kSilence = {};

float LevelDb(std::span<const int16_t> samples) {
  int64_t sum = 0;
  for (const int16_t sample : samples) sum += int32_t{sample} * sample;
  constexpr float kFullScale = 32768.0F * 32768.0F;
  const float mean = static_cast<float>(sum) / (static_cast<float>(samples.size()) * kFullScale);
  return 10 * std::log10(std::max(mean, 1e-9F));
}

}  // namespace

void Segmenter::Push(int64_t at_ns, std::span<const int16_t> samples) {
  if (!begun_) {
    begun_ = true;
    next_ns_ = at_ns;
  }
  // A second time, or from before: a clock that was set.
  if (at_ns < next_ns_) return;
  Silence(at_ns);
  Take(at_ns, samples);
}

void Segmenter::Silence(int64_t until_ns) {
  if (!begun_ || until_ns - next_ns_ < kTickNs) return;
  // More than this changes nothing any more.
  const int64_t missing = (until_ns - next_ns_) / kTickNs;
  const int64_t fill = std::min<int64_t>(missing, kHangOverFrames + static_cast<int64_t>(kPreRollFrames));
  for (int64_t i = 0; i < fill; ++i) Take(next_ns_, std::span(kSilence).first(SamplesPerFrame(rate_)));
  if (fill < missing) Forget(held_.size());
  next_ns_ = until_ns;
}

void Segmenter::Take(int64_t at_ns, std::span<const int16_t> samples) {
  next_ns_ = at_ns + kTickNs;
  Frame frame{at_ns, LevelDb(samples), false};
  const float speech_db = std::max(kSpeechMinDb, floor_.Db() + kAboveFloorDb);
  frame.speech = frame.level_db > (state_ == State::kQuiet ? speech_db : speech_db - kHysteresisDb);
  floor_.Take(frame.level_db);
  Keep(frame, samples);
  if (frame.speech) speech_ns_ = next_ns_;

  switch (state_) {
    case State::kQuiet:
      if (!frame.speech) return Forget(held_.size() - std::min(held_.size(), kPreRollFrames));
      state_ = State::kMaybe;
      begin_ns_ = at_ns;
      speech_frames_ = 1;
      return;
    case State::kMaybe:
      speech_frames_ += frame.speech ? 1 : 0;
      if (speech_frames_ >= kSpeechMinFrames) return Begin();
      if (next_ns_ - speech_ns_ < kHangOverNs) return;
      // A click, a breath.
      state_ = State::kQuiet;
      return Forget(held_.size() - kPreRollFrames);
    case State::kSpeaking:
      if (next_ns_ - speech_ns_ >= kHangOverNs) return End();
      if (next_ns_ - samples_ns_ >= kDurationMaxNs) return Cut();
      if (next_ns_ - samples_ns_ <= kDurationMaxNs - kCutWindowNs) GiveOut(held_.size());
      return;
  }
}

void Segmenter::Keep(const Frame& frame, std::span<const int16_t> samples) {
  held_.push_back(frame);
  held_samples_.insert(held_samples_.end(), samples.begin(), samples.end());
}

void Segmenter::Begin() {
  state_ = State::kSpeaking;
  samples_ns_ = held_.front().at_ns;
  sink_.Begin(begin_ns_);
  GiveOut(held_.size());
}

void Segmenter::End() {
  GiveOut(held_.size());
  sink_.End(speech_ns_);
  state_ = State::kQuiet;
}

void Segmenter::Cut() {
  // The middle of the quietest moment.
  size_t best = 0;
  float best_db = 0;
  for (size_t first = 0; first + kQuietFrames <= held_.size(); ++first) {
    float sum_db = 0;
    for (size_t i = 0; i < kQuietFrames; ++i) sum_db += held_[first + i].level_db;
    if (first != 0 && sum_db >= best_db) continue;
    best = first;
    best_db = sum_db;
  }
  const size_t cut = best + kQuietFrames / 2;
  const auto is_speech = [](const Frame& frame) { return frame.speech; };
  const auto rest = held_.begin() + static_cast<std::ptrdiff_t>(cut);
  const auto last = std::find_if(std::make_reverse_iterator(rest), held_.rend(), is_speech);
  const auto next = std::find_if(rest, held_.end(), is_speech);
  // Without speech among those that are held it ended before them.
  const int64_t end_ns = last != held_.rend() ? last->at_ns + kTickNs : held_.front().at_ns;
  const bool goes_on = next != held_.end();
  if (goes_on) begin_ns_ = next->at_ns;
  GiveOut(cut);
  sink_.End(end_ns);
  if (goes_on) return Begin();
  state_ = State::kQuiet;
  Forget(held_.size() - std::min(held_.size(), kPreRollFrames));
}

void Segmenter::GiveOut(size_t frames) {
  if (frames > 0) sink_.Samples(std::span(held_samples_).first(frames * SamplesPerFrame(rate_)));
  Forget(frames);
}

void Segmenter::Forget(size_t frames) {
  const auto count = static_cast<std::ptrdiff_t>(frames);
  held_.erase(held_.begin(), held_.begin() + count);
  held_samples_.erase(held_samples_.begin(),
                      held_samples_.begin() + count * static_cast<std::ptrdiff_t>(SamplesPerFrame(rate_)));
}

void Segmenter::Finish() {
  if (state_ == State::kSpeaking) End();
  state_ = State::kQuiet;
  Forget(held_.size());
}

}  // namespace tutti::mediaplane
