#include "speech/recognizer/level_spread.h"

#include <algorithm>
#include <cmath>

#include "speech/recognizer/decoder.h"

namespace tutti::speech {
namespace {

constexpr size_t kFrameSamples = kDecoderRateHz / 50;
constexpr size_t kFramesMin = 10;
constexpr float kSpeechSpreadDb = 8;

}  // namespace

void LevelSpread::Feed(std::span<const int16_t> samples) {
  for (const int16_t sample : samples) {
    power_ += static_cast<double>(sample) * sample;
    if (++samples_ < kFrameSamples) continue;
    // One step at least: true silence has a level, too.
    levels_db_.push_back(static_cast<float>(10 * std::log10(power_ / kFrameSamples + 1)));
    power_ = 0;
    samples_ = 0;
  }
}

bool LevelSpread::IsSteadyNoise() const {
  if (levels_db_.size() < kFramesMin) return false;
  std::vector<float> levels = levels_db_;
  std::sort(levels.begin(), levels.end());
  const size_t tenth = levels.size() / 10;
  return levels[levels.size() - 1 - tenth] - levels[tenth] < kSpeechSpreadDb;
}

}  // namespace tutti::speech
