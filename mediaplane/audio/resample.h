#ifndef MEDIAPLANE_AUDIO_RESAMPLE_H_
#define MEDIAPLANE_AUDIO_RESAMPLE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "mediaplane/audio/format.h"

namespace tutti::mediaplane {

// Doubles or halves the rate of a room's sum (8 ↔ 16 kHz) with one half-band FIR:
// flat (±0.1 dB) to 3.4 kHz, 60 dB down from 4.6 kHz, 1.7 ms of delay. Single
// precision without fused multiply-add, each output summed in the same order, so
// SIMD and scalar agree bit for bit. History inside; trivially copyable; one of
// each for a bridge, used on its worker.
//
// Blocks are at most one frame of the higher rate.
constexpr int kResampleRatio = 2;
constexpr size_t kResampleTaps = 28;  // taps of the phase that is not a plain delay

class Upsampler {
 public:
  void Reset();

  // `samples` in (at most 160), kResampleRatio × `samples` out.
  void Process(const int32_t* in, size_t samples, int32_t* out);

  // History is all zero: zeros in give zeros out, so a silent rate can be skipped.
  bool quiet() const { return quiet_; }

 private:
  std::array<float, kResampleTaps> history_ = {};
  bool quiet_ = true;
};

class Downsampler {
 public:
  void Reset();

  // `samples` in (even, at most 320), `samples` / kResampleRatio out.
  void Process(const int32_t* in, size_t samples, int32_t* out);

  bool quiet() const { return quiet_; }

 private:
  std::array<float, kResampleTaps> even_ = {};  // the phase that is filtered
  std::array<float, kResampleTaps> odd_ = {};   // the phase that is only delayed
  bool quiet_ = true;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_AUDIO_RESAMPLE_H_
