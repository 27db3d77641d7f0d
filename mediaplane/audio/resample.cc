#include "mediaplane/audio/resample.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mediaplane/audio/resample.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

#ifndef MEDIAPLANE_AUDIO_RESAMPLE_TAPS_
#define MEDIAPLANE_AUDIO_RESAMPLE_TAPS_
namespace tutti::mediaplane {

// Half of the symmetric phase: sinc(k - 13.5) under a Kaiser window (beta 6.31, 66 dB)
// of the 55-tap half-band filter, scaled to a sum of 1.
constexpr std::array<float, kResampleTaps / 2> kTaps = {
    -0.00036638376f, 0.00103380095f, -0.00220585583f, 0.00408555622f, -0.00692015734f, 0.0110149935f, -0.0167649959f,
    0.0247249447f,   -0.0357686763f, 0.0514746913f,   -0.0751871467f, 0.115634869f,    -0.20502842f,  0.63427278f,
};

// The largest float below 2^31: what is converted back always fits.
constexpr float kLargest = 2147483520.0f;

constexpr size_t kBlockMax = kSamplesPerFrameMax / kResampleRatio;

// Where the delayed phase stands behind the filtered one, input samples.
constexpr size_t kUpDelay = kResampleTaps / 2;        // output 2n is input n - 14
constexpr size_t kDownDelay = kResampleTaps / 2 - 1;  // even sample n - 13

}  // namespace tutti::mediaplane
#endif  // MEDIAPLANE_AUDIO_RESAMPLE_TAPS_

HWY_BEFORE_NAMESPACE();
namespace tutti::mediaplane {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::CappedTag<float, 16>;
using D32 = hn::RebindToSigned<DF>;

// Lanes are outputs; taps are added in the scalar code's order, innermost last.
HWY_INLINE hn::Vec<DF> Filter(const float* newest) {
  const DF df;
  auto sum = hn::Zero(df);
  for (size_t k = 0; k < kTaps.size(); ++k) {
    const auto pair = hn::Add(hn::LoadU(df, newest - k), hn::LoadU(df, newest - (kResampleTaps - 1 - k)));
    sum = hn::Add(sum, hn::Mul(hn::Set(df, kTaps[k]), pair));
  }
  return sum;
}

HWY_INLINE hn::Vec<D32> Narrow(hn::Vec<DF> value) {
  const DF df;
  return hn::NearestInt(hn::Max(hn::Min(value, hn::Set(df, kLargest)), hn::Set(df, -kLargest)));
}

void Up(const float* past_and_in, size_t samples, int32_t* out) {
  const DF df;
  const D32 d32;
  const size_t lanes = hn::Lanes(df);
  size_t i = 0;
  for (; i + lanes <= samples; i += lanes) {
    const float* newest = past_and_in + kResampleTaps + i;
    const auto even = Narrow(hn::LoadU(df, newest - kUpDelay));
    hn::StoreInterleaved2(even, Narrow(Filter(newest)), d32, out + 2 * i);
  }
  scalar::ResampleUp(past_and_in + i, samples - i, out + 2 * i);
}

void Down(const float* filtered, const float* delayed, size_t samples, int32_t* out) {
  const DF df;
  const D32 d32;
  const size_t lanes = hn::Lanes(df);
  size_t i = 0;
  for (; i + lanes <= samples; i += lanes) {
    const auto middle = hn::LoadU(df, delayed + kResampleTaps + i - kDownDelay);
    const auto both = hn::Add(middle, Filter(filtered + kResampleTaps + i));
    hn::StoreU(Narrow(hn::Mul(both, hn::Set(df, 0.5f))), d32, out + i);
  }
  scalar::ResampleDown(filtered + i, delayed + i, samples - i, out + i);
}

}  // namespace HWY_NAMESPACE
}  // namespace tutti::mediaplane
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tutti::mediaplane {
namespace {

HWY_EXPORT(Up);
HWY_EXPORT(Down);

constexpr size_t kBuffer = kResampleTaps + kBlockMax;

bool AllZero(const std::array<float, kResampleTaps>& history) {
  return std::all_of(history.begin(), history.end(), [](float value) { return value == 0.0f; });
}

// Keeps the newest kResampleTaps of a buffer that holds as many old ones before
// `samples` new ones.
void KeepPast(const float* buffer, size_t samples, std::array<float, kResampleTaps>& history) {
  std::copy_n(buffer + samples, kResampleTaps, history.begin());
}

}  // namespace

void Upsampler::Process(const int32_t* in, size_t samples, int32_t* out) {
  samples = std::min(samples, kBlockMax);
  float buffer[kBuffer];
  std::copy(history_.begin(), history_.end(), buffer);
  for (size_t i = 0; i < samples; ++i) buffer[kResampleTaps + i] = static_cast<float>(in[i]);
  HWY_DYNAMIC_DISPATCH(Up)(buffer, samples, out);
  KeepPast(buffer, samples, history_);
  quiet_ = AllZero(history_);
}

void Downsampler::Process(const int32_t* in, size_t samples, int32_t* out) {
  const size_t outputs = std::min(samples / kResampleRatio, kBlockMax);
  float filtered[kBuffer];
  float delayed[kBuffer];
  std::copy(filtered_.begin(), filtered_.end(), filtered);
  std::copy(delayed_.begin(), delayed_.end(), delayed);
  for (size_t i = 0; i < outputs; ++i) {
    delayed[kResampleTaps + i] = static_cast<float>(in[2 * i]);
    filtered[kResampleTaps + i] = static_cast<float>(in[2 * i + 1]);
  }
  HWY_DYNAMIC_DISPATCH(Down)(filtered, delayed, outputs, out);
  KeepPast(filtered, outputs, filtered_);
  KeepPast(delayed, outputs, delayed_);
  quiet_ = AllZero(filtered_) && AllZero(delayed_);
}

namespace scalar {
namespace {

float Filter(const float* newest) {
  float sum = 0;
  for (size_t k = 0; k < kTaps.size(); ++k) {
    sum += kTaps[k] * (*(newest - k) + *(newest - (kResampleTaps - 1 - k)));
  }
  return sum;
}

int32_t Narrow(float value) { return static_cast<int32_t>(std::lrint(std::max(std::min(value, kLargest), -kLargest))); }

}  // namespace

void ResampleUp(const float* past_and_in, size_t samples, int32_t* out) {
  for (size_t i = 0; i < samples; ++i) {
    const float* newest = past_and_in + kResampleTaps + i;
    out[2 * i] = Narrow(*(newest - kUpDelay));
    out[2 * i + 1] = Narrow(Filter(newest));
  }
}

void ResampleDown(const float* filtered, const float* delayed, size_t samples, int32_t* out) {
  for (size_t i = 0; i < samples; ++i) {
    out[i] = Narrow((*(delayed + kResampleTaps + i - kDownDelay) + Filter(filtered + kResampleTaps + i)) * 0.5f);
  }
}

}  // namespace scalar
}  // namespace tutti::mediaplane
#endif  // HWY_ONCE
