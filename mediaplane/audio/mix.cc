#include "mediaplane/audio/mix.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mediaplane/audio/mix.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

// The limiter, for magnitudes m above the knee K, full scale F and the room
// R = F - K:
//   F - R² / (m - K + R)
// is K at the knee with slope 1, rises always, and stays below F. Every step of it
// (exact int, conversion, one division, one subtraction) is monotonic under correct
// rounding, so the whole is; it has no product, so nothing can be fused.
#ifndef MEDIAPLANE_AUDIO_MIX_CURVE_
#define MEDIAPLANE_AUDIO_MIX_CURVE_
namespace tutti::mediaplane {
constexpr int32_t kFullScale = 32767;
constexpr int32_t kRoom = kFullScale - kLimiterKnee;
constexpr float kRoomSquared = static_cast<float>(kRoom * kRoom);
static_assert(kRoom * kRoom < 1 << 24, "exact in single precision");
}  // namespace tutti::mediaplane
#endif  // MEDIAPLANE_AUDIO_MIX_CURVE_

HWY_BEFORE_NAMESPACE();
namespace tutti::mediaplane {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// 20 ms are a multiple of 16 samples at any rate, so wider vectors gain nothing.
using D32 = hn::CappedTag<int32_t, 16>;
using D16 = hn::Rebind<int16_t, D32>;
using DF = hn::Rebind<float, D32>;

void AddToSumBlocks(const int16_t* in, int32_t* sum, size_t samples) {
  const D32 d32;
  const D16 d16;
  const size_t lanes = hn::Lanes(d32);
  size_t i = 0;
  for (; i + lanes <= samples; i += lanes) {
    const auto added = hn::PromoteTo(d32, hn::LoadU(d16, in + i));
    hn::StoreU(hn::Add(hn::LoadU(d32, sum + i), added), d32, sum + i);
  }
  scalar::AddToSum(in + i, sum + i, samples - i);
}

void AddSumsBlocks(const int32_t* in, int32_t* sum, size_t samples) {
  const D32 d32;
  const size_t lanes = hn::Lanes(d32);
  size_t i = 0;
  for (; i + lanes <= samples; i += lanes) {
    hn::StoreU(hn::Add(hn::LoadU(d32, sum + i), hn::LoadU(d32, in + i)), d32, sum + i);
  }
  scalar::AddSums(in + i, sum + i, samples - i);
}

template <class V32>
HWY_INLINE V32 Limited(V32 sum) {
  const D32 d32;
  const DF df;
  const auto knee = hn::Set(d32, kLimiterKnee);
  sum = hn::Max(sum, hn::Set(d32, -INT32_MAX));
  const auto magnitude = hn::Abs(sum);
  const auto above = hn::Gt(magnitude, knee);
  if (hn::AllFalse(d32, above)) return sum;
  const auto distance = hn::Sub(magnitude, hn::Set(d32, kLimiterKnee - kRoom));
  const auto rest = hn::Div(hn::Set(df, kRoomSquared), hn::ConvertTo(df, distance));
  const auto curved = hn::NearestInt(hn::Sub(hn::Set(df, static_cast<float>(kFullScale)), rest));
  const auto sign = hn::ShiftRight<31>(sum);
  return hn::IfThenElse(above, hn::Sub(hn::Xor(curved, sign), sign), sum);
}

void SubtractAndLimitBlocks(const int32_t* sum, const int16_t* own, int16_t* out, size_t samples) {
  const D32 d32;
  const D16 d16;
  const size_t lanes = hn::Lanes(d32);
  size_t i = 0;
  for (; i + lanes <= samples; i += lanes) {
    const auto others = hn::Sub(hn::LoadU(d32, sum + i), hn::PromoteTo(d32, hn::LoadU(d16, own + i)));
    hn::StoreU(hn::DemoteTo(d16, Limited(others)), d16, out + i);
  }
  scalar::SubtractAndLimit(sum + i, own + i, out + i, samples - i);
}

void LimitBlocks(const int32_t* sum, int16_t* out, size_t samples) {
  const D32 d32;
  const D16 d16;
  const size_t lanes = hn::Lanes(d32);
  size_t i = 0;
  for (; i + lanes <= samples; i += lanes) {
    hn::StoreU(hn::DemoteTo(d16, Limited(hn::LoadU(d32, sum + i))), d16, out + i);
  }
  scalar::Limit(sum + i, out + i, samples - i);
}

Level MeasureLevelBlocks(const int16_t* in, size_t samples) {
  const D32 d32;
  const D16 d16;
  const size_t lanes = hn::Lanes(d32);
  const auto low_mask = hn::Set(d32, 0xffff);
  auto peak = hn::Zero(d32);
  // Squares are summed as halves of 16 bits: 65 536 samples fit in a lane's 32 bits.
  auto low = hn::Zero(d32);
  auto high = hn::Zero(d32);
  size_t i = 0;
  for (; i + lanes <= samples; i += lanes) {
    const auto sample = hn::PromoteTo(d32, hn::LoadU(d16, in + i));
    peak = hn::Max(peak, hn::Abs(sample));
    const auto square = hn::Mul(sample, sample);
    low = hn::Add(low, hn::And(square, low_mask));
    high = hn::Add(high, hn::ShiftRight<16>(square));
  }
  HWY_ALIGN int32_t peaks[16];
  HWY_ALIGN int32_t lows[16];
  HWY_ALIGN int32_t highs[16];
  hn::Store(peak, d32, peaks);
  hn::Store(low, d32, lows);
  hn::Store(high, d32, highs);
  Level level = scalar::MeasureLevel(in + i, samples - i);
  for (size_t lane = 0; lane < lanes; ++lane) {
    level.peak = std::max(level.peak, peaks[lane]);
    level.sum_squares += (uint64_t{static_cast<uint32_t>(highs[lane])} << 16) + static_cast<uint32_t>(lows[lane]);
  }
  return level;
}

}  // namespace HWY_NAMESPACE
}  // namespace tutti::mediaplane
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tutti::mediaplane {

HWY_EXPORT(AddToSumBlocks);
HWY_EXPORT(AddSumsBlocks);
HWY_EXPORT(SubtractAndLimitBlocks);
HWY_EXPORT(LimitBlocks);
HWY_EXPORT(MeasureLevelBlocks);

void AddToSum(const int16_t* in, int32_t* sum, size_t samples) {
  HWY_DYNAMIC_DISPATCH(AddToSumBlocks)(in, sum, samples);
}

void AddSums(const int32_t* in, int32_t* sum, size_t samples) { HWY_DYNAMIC_DISPATCH(AddSumsBlocks)(in, sum, samples); }

void SubtractAndLimit(const int32_t* sum, const int16_t* own, int16_t* out, size_t samples) {
  HWY_DYNAMIC_DISPATCH(SubtractAndLimitBlocks)(sum, own, out, samples);
}

void Limit(const int32_t* sum, int16_t* out, size_t samples) { HWY_DYNAMIC_DISPATCH(LimitBlocks)(sum, out, samples); }

Level MeasureLevel(const int16_t* in, size_t samples) { return HWY_DYNAMIC_DISPATCH(MeasureLevelBlocks)(in, samples); }

void FadeIn(int16_t* samples, size_t fade) {
  for (size_t i = 0; i < fade; ++i) {
    samples[i] = static_cast<int16_t>(samples[i] * static_cast<int32_t>(i) / static_cast<int32_t>(fade));
  }
}

void FadeOut(int16_t* samples, size_t fade, size_t count) {
  for (size_t i = 0; i < fade; ++i) {
    samples[i] = static_cast<int16_t>(samples[i] * static_cast<int32_t>(fade - i) / static_cast<int32_t>(fade));
  }
  std::fill(samples + fade, samples + count, int16_t{0});
}

namespace scalar {
namespace {

// Two's complement in any case, as SIMD has it.
int32_t WrappingAdd(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}

}  // namespace

int16_t Limit(int32_t sum) {
  sum = std::max(sum, -INT32_MAX);
  const int32_t magnitude = std::abs(sum);
  if (magnitude <= kLimiterKnee) return static_cast<int16_t>(sum);
  const float rest = kRoomSquared / static_cast<float>(magnitude - (kLimiterKnee - kRoom));
  const auto curved = static_cast<int16_t>(std::lrint(static_cast<float>(kFullScale) - rest));
  return sum < 0 ? static_cast<int16_t>(-curved) : curved;
}

void AddToSum(const int16_t* in, int32_t* sum, size_t samples) {
  for (size_t i = 0; i < samples; ++i) sum[i] = WrappingAdd(sum[i], in[i]);
}

void AddSums(const int32_t* in, int32_t* sum, size_t samples) {
  for (size_t i = 0; i < samples; ++i) sum[i] = WrappingAdd(sum[i], in[i]);
}

void SubtractAndLimit(const int32_t* sum, const int16_t* own, int16_t* out, size_t samples) {
  for (size_t i = 0; i < samples; ++i) out[i] = Limit(WrappingAdd(sum[i], -int32_t{own[i]}));
}

void Limit(const int32_t* sum, int16_t* out, size_t samples) {
  for (size_t i = 0; i < samples; ++i) out[i] = Limit(sum[i]);
}

Level MeasureLevel(const int16_t* in, size_t samples) {
  Level level;
  for (size_t i = 0; i < samples; ++i) {
    const int32_t sample = in[i];
    level.peak = std::max(level.peak, std::abs(sample));
    level.sum_squares += static_cast<uint64_t>(sample * sample);
  }
  return level;
}

}  // namespace scalar
}  // namespace tutti::mediaplane
#endif  // HWY_ONCE
