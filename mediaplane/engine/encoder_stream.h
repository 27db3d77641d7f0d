#ifndef MEDIAPLANE_ENGINE_ENCODER_STREAM_H_
#define MEDIAPLANE_ENGINE_ENCODER_STREAM_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "mediaplane/audio/codec.h"
#include "mediaplane/audio/format.h"

namespace tutti::mediaplane {

// Frames of nothing but zeros after which a stream is silent.
constexpr uint8_t kSilentFrames = 10;

// The encoding of endless silence by the codec with memory (G.722), one for each
// phase of a worker.
//
// Two of its encoders that hear the same never come to the same state by
// themselves (measured: not in two minutes, whether tone, noise or zeros; their
// predictors go on in different cycles). So every stream that has been silent for
// 200 ms takes the state of this one, whatever it said before: those are equal
// from then on. The far decoder hears it as a blip of less than -43 dBFS, once
// a pause.
class CommonSilence {
 public:
  CommonSilence() : encoder_(Codec::kG722) {}

  // Once a tick, before the streams of that tick.
  void Tick() {
    static constexpr std::array<int16_t, kSamplesPerFrameMax> kZeros = {};
    encoder_.Encode(kZeros.data(), bytes_.data());
  }

  const Encoder& encoder() const { return encoder_; }
  const uint8_t* bytes() const { return bytes_.data(); }

 private:
  Encoder encoder_;
  std::array<uint8_t, kBytesPerFrameMax> bytes_ = {};
};

// What one receiver, or all listeners together, are sent by the codec with
// memory: a function of what they hear alone. Trivially copyable: a copy goes on
// with the same bytes for the same samples.
class EncoderStream {
 public:
  void Reset(Codec codec) {
    encoder_.Reset(codec);
    silent_frames_ = kSilentFrames;
  }

  // Nothing was said for so long that any other silent stream can take its place.
  bool silent() const { return silent_frames_ >= kSilentFrames; }

  // One frame. Whether the encoder had to run.
  bool Encode(const int16_t* samples, const CommonSilence& silence, uint8_t* out) {
    const AudioFormat& format = encoder_.format();
    const bool zeros = std::all_of(samples, samples + format.samples_per_frame, [](int16_t s) { return s == 0; });
    silent_frames_ = zeros ? static_cast<uint8_t>(std::min(silent_frames_ + 1, int{kSilentFrames})) : uint8_t{0};
    if (!silent()) {
      encoder_.Encode(samples, out);
      return true;
    }
    encoder_ = silence.encoder();
    std::copy_n(silence.bytes(), format.bytes_per_frame, out);
    return false;
  }

  bool SameState(const EncoderStream& other) const {
    return silent_frames_ == other.silent_frames_ && encoder_.SameState(other.encoder_);
  }

 private:
  Encoder encoder_;
  uint8_t silent_frames_ = kSilentFrames;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_ENCODER_STREAM_H_
