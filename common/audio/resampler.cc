#include "common/audio/resampler.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace tutti {
namespace {

// Of the sinc on either side, at the lower rate.
constexpr double kZeroCrossings = 24;
// Of the lower rate's half: the middle of the slope.
constexpr double kCutoff = 0.88;

double Sinc(double x) { return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x); }

// Blackman, over -1 to 1.
double Window(double x) {
  if (std::abs(x) >= 1) return 0;
  return 0.42 + 0.5 * std::cos(std::numbers::pi * x) + 0.08 * std::cos(2 * std::numbers::pi * x);
}

}  // namespace

Resampler::Resampler(int from_hz, int to_hz) {
  const int common = std::gcd(from_hz, to_hz);
  up_ = to_hz / common;
  down_ = from_hz / common;
  const double stretch = std::max(1.0, static_cast<double>(from_hz) / to_hz);
  half_width_ = static_cast<int64_t>(std::ceil(kZeroCrossings * stretch));
  kernel_.resize(static_cast<size_t>(up_ * 2 * half_width_));
  std::vector<double> values(static_cast<size_t>(2 * half_width_));
  for (int64_t phase = 0; phase < up_; ++phase) {
    double sum = 0;
    for (int64_t i = 0; i < 2 * half_width_; ++i) {
      const double distance = static_cast<double>(i - half_width_ + 1) - static_cast<double>(phase) / up_;
      double& value = values[static_cast<size_t>(i)];
      value = Sinc(distance * kCutoff / stretch) * Window(distance / static_cast<double>(half_width_));
      sum += value;
    }
    float* kernel = kernel_.data() + phase * 2 * half_width_;
    for (int64_t i = 0; i < 2 * half_width_; ++i) {
      kernel[i] = static_cast<float>(values[static_cast<size_t>(i)] / sum);
    }
  }
  buffer_.assign(static_cast<size_t>(half_width_), 0.0F);
  first_ = -half_width_;
}

void Resampler::Process(std::span<const float> in, std::vector<float>& out) {
  buffer_.insert(buffer_.end(), in.begin(), in.end());
  consumed_ += static_cast<int64_t>(in.size());
  Produce(out);
}

void Resampler::Finish(std::vector<float>& out) {
  const auto wanted = static_cast<size_t>((consumed_ * up_ + down_ - 1) / down_ - produced_) + out.size();
  buffer_.insert(buffer_.end(), static_cast<size_t>(half_width_), 0.0F);
  Produce(out);
  out.resize(std::min(out.size(), wanted));
}

void Resampler::Produce(std::vector<float>& out) {
  const int64_t end = first_ + static_cast<int64_t>(buffer_.size());
  for (;; ++produced_) {
    const int64_t place = produced_ * down_ / up_;
    if (place + half_width_ >= end) break;
    const float* samples = buffer_.data() + (place - half_width_ + 1 - first_);
    const float* kernel = kernel_.data() + produced_ * down_ % up_ * 2 * half_width_;
    // Two sums that don't wait for each other.
    float even = 0;
    float odd = 0;
    for (int64_t i = 0; i < 2 * half_width_; i += 2) {
      even += samples[i] * kernel[i];
      odd += samples[i + 1] * kernel[i + 1];
    }
    out.push_back(even + odd);
  }
  const int64_t needed = produced_ * down_ / up_ - half_width_ + 1;
  if (needed <= first_) return;
  buffer_.erase(buffer_.begin(), buffer_.begin() + std::min<int64_t>(needed, end) - first_);
  first_ = std::min<int64_t>(needed, end);
}

}  // namespace tutti
