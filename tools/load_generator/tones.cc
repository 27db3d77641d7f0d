#include "tools/load_generator/tones.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace tutti::tools {
namespace {

constexpr double kFullScale = 32768;
constexpr double kQuietNoiseDbfs = -62;
constexpr double kSilenceDbfs = -120;

}  // namespace

int ToneOf(int room, int talkers_per_room, int talker) {
  return static_cast<int>((int64_t{room} * talkers_per_room + talker) % kTonesMax);
}

double TonePeak(int talkers_per_room) { return std::min(0.25, 0.6 / std::max(talkers_per_room, 1)); }

double SineDbfs(double peak) { return 20 * std::log10(peak / std::numbers::sqrt2); }

std::vector<int16_t> ToneSecond(int frequency_hz, int sample_rate_hz, double peak) {
  std::vector<int16_t> samples(sample_rate_hz);
  for (int i = 0; i < sample_rate_hz; ++i) {
    const double turns = static_cast<double>(int64_t{frequency_hz} * i % sample_rate_hz) / sample_rate_hz;
    samples[i] = static_cast<int16_t>(std::lround(kFullScale * peak * std::sin(2 * std::numbers::pi * turns)));
  }
  return samples;
}

std::vector<int16_t> QuietNoiseSecond(int sample_rate_hz, uint64_t seed) {
  std::mt19937_64 random(seed);
  // Uniform noise has a third of its peak's square.
  const double peak = kFullScale * std::pow(10, kQuietNoiseDbfs / 20) * std::sqrt(3.0);
  std::uniform_real_distribution<double> uniform(-peak, peak);
  std::vector<int16_t> samples(sample_rate_hz);
  for (int16_t& sample : samples) sample = static_cast<int16_t>(std::lround(uniform(random)));
  return samples;
}

ToneMeter::ToneMeter(int samples, int sample_rate_hz) : window_(samples) {
  for (int i = 0; i < samples; ++i) {
    window_[i] = static_cast<float>(0.5 - 0.5 * std::cos(2 * std::numbers::pi * (i + 0.5) / samples));
  }
  for (int tone = 0; tone < kTonesMax; ++tone) {
    coefficients_[tone] =
        static_cast<float>(2 * std::cos(2 * std::numbers::pi * kTonesHz[tone] / static_cast<double>(sample_rate_hz)));
  }
}

std::array<double, kTonesMax> ToneMeter::Measure(std::span<const int16_t> samples) const {
  // Goertzel's filters, all at once, so that the compiler puts them side by side.
  std::array<float, kTonesMax> last = {}, before = {};
  const size_t count = std::min(samples.size(), window_.size());
  float weight = 0;
  for (size_t i = 0; i < count; ++i) {
    const float sample = static_cast<float>(samples[i]) * window_[i];
    weight += window_[i];
    for (int tone = 0; tone < kTonesMax; ++tone) {
      const float next = sample + coefficients_[tone] * last[tone] - before[tone];
      before[tone] = last[tone];
      last[tone] = next;
    }
  }
  std::array<double, kTonesMax> levels;
  for (int tone = 0; tone < kTonesMax; ++tone) {
    const double power = double{last[tone]} * last[tone] + double{before[tone]} * before[tone] -
                         double{coefficients_[tone]} * last[tone] * before[tone];
    // The filter's amplitude is the sine's peak times half the window's sum.
    const double peak = weight > 0 ? 2 * std::sqrt(std::max(power, 0.0)) / weight / kFullScale : 0;
    levels[tone] = peak > 1e-6 ? SineDbfs(peak) : kSilenceDbfs;
  }
  return levels;
}

}  // namespace tutti::tools
