#ifndef MEDIAPLANE_AUDIO_MIX_H_
#define MEDIAPLANE_AUDIO_MIX_H_

#include <cstddef>
#include <cstdint>

namespace tutti::mediaplane {

// The arithmetic of a room, SIMD by Highway chosen at run time; namespace scalar
// holds the same bit for bit, one sample at a time. A sum is int32: 65 535 talkers
// at full scale fit.
//
// Mix-minus is exact because what is subtracted is what was added: a leg's samples
// after its gate's fade, kept by the caller. The limiter is a static curve with no
// memory, so what a participant receives depends on the others' samples only.

// Below this the limiter changes nothing: -1.2 dB below full scale.
constexpr int32_t kLimiterKnee = 28672;

// The length of a fade into and out of the mix, samples.
constexpr size_t FadeSamples(int sample_rate_hz) { return static_cast<size_t>(sample_rate_hz) * 5 / 1000; }

struct Level {
  int32_t peak = 0;          // largest magnitude, 0 … 32768
  uint64_t sum_squares = 0;  // of all samples
};

// sum[i] += in[i].
void AddToSum(const int16_t* in, int32_t* sum, size_t samples);
// sum[i] += in[i], for a sum resampled from the other rate.
void AddSums(const int32_t* in, int32_t* sum, size_t samples);
// out[i] = limit(sum[i] - own[i]): what a talker hears.
void SubtractAndLimit(const int32_t* sum, const int16_t* own, int16_t* out, size_t samples);
// out[i] = limit(sum[i]): what a listener hears.
void Limit(const int32_t* sum, int16_t* out, size_t samples);

// At most 65 536 samples.
Level MeasureLevel(const int16_t* in, size_t samples);

// In place: silence to full level over the first `fade` samples.
void FadeIn(int16_t* samples, size_t fade);
// In place: full level to silence over the first `fade`, silence for the rest.
void FadeOut(int16_t* samples, size_t fade, size_t count);

namespace scalar {
int16_t Limit(int32_t sum);
void AddToSum(const int16_t* in, int32_t* sum, size_t samples);
void AddSums(const int32_t* in, int32_t* sum, size_t samples);
void SubtractAndLimit(const int32_t* sum, const int16_t* own, int16_t* out, size_t samples);
void Limit(const int32_t* sum, int16_t* out, size_t samples);
Level MeasureLevel(const int16_t* in, size_t samples);
}  // namespace scalar

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_AUDIO_MIX_H_
