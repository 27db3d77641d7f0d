#ifndef MEDIAPLANE_AUDIO_RESAMPLE_H_
#define MEDIAPLANE_AUDIO_RESAMPLE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "mediaplane/audio/format.h"

namespace tutti::mediaplane {

// Doubles or halves the rate of a room's sum (8 ↔ 16 kHz) with one half-band FIR:
// flat (±0.01 dB) to 3.4 kHz, 60 dB down from 4.6 kHz, below 1.8 ms of delay. Single
// precision without fused multiply-add, each output summed in the same order, so
// SIMD and scalar agree bit for bit. History inside; trivially copyable; one of
// each for a bridge, used on its worker.
constexpr size_t kResampleRatio = 2;
// Taps of the phase that is filtered; the other phase is a plain delay.
constexpr size_t kResampleTaps = 28;

class Upsampler {
 public:
  void Reset() { *this = Upsampler(); }

  // `samples` in (at most kSamplesPerFrameMax / kResampleRatio), kResampleRatio as
  // many out.
  void Process(const int32_t* in, size_t samples, int32_t* out);

  // The past is all zero: zeros in give zeros out, so a silent rate can be skipped.
  bool quiet() const { return quiet_; }

 private:
  std::array<float, kResampleTaps> history_ = {};
  bool quiet_ = true;
};

class Downsampler {
 public:
  void Reset() { *this = Downsampler(); }

  // `samples` in (even, at most kSamplesPerFrameMax), `samples` / kResampleRatio out.
  void Process(const int32_t* in, size_t samples, int32_t* out);

  bool quiet() const { return quiet_; }

 private:
  std::array<float, kResampleTaps> filtered_ = {};  // odd input samples
  std::array<float, kResampleTaps> delayed_ = {};   // even input samples
  bool quiet_ = true;
};

// The arithmetic one output at a time: the oracle. Each phase is kResampleTaps old
// samples and `samples` new ones.
namespace scalar {
void ResampleUp(const float* past_and_in, size_t samples, int32_t* out);
void ResampleDown(const float* filtered, const float* delayed, size_t samples, int32_t* out);
}  // namespace scalar

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_AUDIO_RESAMPLE_H_
