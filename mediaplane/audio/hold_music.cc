#include "mediaplane/audio/hold_music.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <numbers>

namespace tutti::mediaplane {
namespace {

constexpr double kRate = 16'000;
constexpr double kPeak = 6'500;
constexpr double kBeatSeconds = 0.25;
constexpr size_t kBeatsInBar = 8;

// How a string that is plucked rings, seconds.
constexpr double kAttackSeconds = 0.008;
constexpr double kDecaySeconds = 0.5;
constexpr double kRingSeconds = 2;

// Semitones over A4, low to high: C, A minor, F, G.
using Chord = std::array<int, 4>;
constexpr std::array<Chord, 4> kChords = {{{3, 7, 10, 15}, {0, 3, 7, 12}, {-4, 0, 3, 8}, {-2, 2, 5, 10}}};
// Which of the chord's tones each beat of a bar plays, the first time through and
// the second.
constexpr std::array<std::array<size_t, kBeatsInBar>, 2> kPatterns = {
    {{0, 1, 2, 3, 2, 1, 2, 1}, {0, 2, 1, 3, 0, 2, 3, 2}}};

double ToHz(int semitones) { return 440 * std::exp2(semitones / 12.0); }

}  // namespace

std::vector<int16_t> MakeHoldMusic() {
  const size_t bars = kPatterns.size() * kChords.size();
  const auto beat_samples = static_cast<size_t>(kBeatSeconds * kRate);
  std::vector<double> sum(bars * kBeatsInBar * beat_samples);
  for (size_t beat = 0; beat < bars * kBeatsInBar; ++beat) {
    const size_t bar = beat / kBeatsInBar;
    const size_t tone = kPatterns[bar / kChords.size()][beat % kBeatsInBar];
    const double step = 2 * std::numbers::pi * ToHz(kChords[bar % kChords.size()][tone]) / kRate;
    // Turned on from sample to sample: every start of a node waits for this.
    const std::complex<double> turn = std::polar(1.0, step);
    const double fade = std::exp(-1 / (kDecaySeconds * kRate));
    std::complex<double> wave = 1;
    double decay = 1;
    const auto ring_samples = static_cast<size_t>(kRingSeconds * kRate);
    for (size_t i = 0; i < ring_samples; ++i) {
      const double at = static_cast<double>(i) / kRate;
      const double edge = std::min({at / kAttackSeconds, (kRingSeconds - at) / kAttackSeconds, 1.0});
      const double sine = wave.imag();
      const double second = 2 * sine * wave.real();
      const double third = sine * (3 - 4 * sine * sine);
      // What rings over the end rings on at the beginning.
      sum[(beat * beat_samples + i) % sum.size()] += edge * decay * (sine + 0.25 * second + 0.08 * third);
      wave *= turn;
      decay *= fade;
    }
  }
  double peak = 0;
  for (const double value : sum) peak = std::max(peak, std::abs(value));
  std::vector<int16_t> samples(sum.size());
  std::transform(sum.begin(), sum.end(), samples.begin(),
                 [&](double value) { return static_cast<int16_t>(std::lround(value / peak * kPeak)); });
  return samples;
}

}  // namespace tutti::mediaplane
