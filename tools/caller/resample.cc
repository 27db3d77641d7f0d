#include "tools/caller/resample.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tutti::tools {
namespace {

// Zero crossings of the sinc on each side; 32 gives over 60 dB of stop band.
constexpr int kCrossings = 32;

double Sinc(double x) { return std::abs(x) < 1e-9 ? 1.0 : std::sin(M_PI * x) / (M_PI * x); }

// Blackman, 1 in the middle, 0 at ±1.
double Window(double x) { return 0.42 + 0.5 * std::cos(M_PI * x) + 0.08 * std::cos(2 * M_PI * x); }

}  // namespace

std::vector<int16_t> Resample(const std::vector<int16_t>& samples, int from_hz, int to_hz) {
  if (from_hz == to_hz || samples.empty()) return samples;
  const int divisor = std::gcd(from_hz, to_hz);
  const int64_t up = to_hz / divisor;
  const int64_t down = from_hz / divisor;
  const double cutoff = std::min(1.0, static_cast<double>(to_hz) / from_hz) * 0.95;
  const int half = static_cast<int>(std::ceil(kCrossings / cutoff));

  // One filter for each phase between two input samples.
  std::vector<double> filters(static_cast<size_t>(up) * (2 * half + 1));
  for (int64_t phase = 0; phase < up; ++phase) {
    double sum = 0;
    double* const filter = &filters[static_cast<size_t>(phase) * (2 * half + 1)];
    for (int k = -half; k <= half; ++k) {
      const double x = k - static_cast<double>(phase) / up;
      filter[k + half] = std::abs(x) >= half ? 0 : Sinc(x * cutoff) * Window(x / half);
      sum += filter[k + half];
    }
    for (int k = 0; k <= 2 * half; ++k) filter[k] /= sum;
  }

  const int64_t size = static_cast<int64_t>(samples.size());
  std::vector<int16_t> out(static_cast<size_t>(size * up / down));
  for (int64_t n = 0; n < static_cast<int64_t>(out.size()); ++n) {
    const int64_t middle = n * down / up;
    const double* const filter = &filters[static_cast<size_t>(n * down % up) * (2 * half + 1)];
    double value = 0;
    const int64_t first = std::max<int64_t>(0, middle - half);
    const int64_t last = std::min<int64_t>(size - 1, middle + half);
    for (int64_t i = first; i <= last; ++i) value += samples[i] * filter[i - middle + half];
    out[n] = static_cast<int16_t>(std::clamp<long>(std::lround(value), -32768, 32767));
  }
  return out;
}

}  // namespace tutti::tools
