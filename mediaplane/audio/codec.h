#ifndef MEDIAPLANE_AUDIO_CODEC_H_
#define MEDIAPLANE_AUDIO_CODEC_H_

#include <array>
#include <cstdint>
#include <type_traits>

#include "mediaplane/audio/format.h"
#include "mediaplane/audio/g722.h"

namespace tutti::mediaplane {

// One leg's decoder for any codec, with concealment of lost frames. Plain memory,
// trivially copyable; owned by the leg, used on its worker. A frame is 20 ms:
// FormatOf(codec()).bytes_per_frame in, .samples_per_frame out.
class Decoder {
 public:
  explicit Decoder(Codec codec = Codec::kNone) { Reset(codec); }

  // Forgets the past. With Codec::kNone every output is silence.
  void Reset(Codec codec);

  Codec codec() const { return codec_; }
  const AudioFormat& format() const { return FormatOf(codec_); }

  // After Conceal() the first 5 ms are cross-faded from the concealment.
  void Decode(const uint8_t* in, int16_t* out);

  // Makes up a frame that did not come: goes on with the last pitch period heard
  // while fading; silence from the fifth frame in a row (80 ms).
  void Conceal(int16_t* out);

  // A frame in which the sender says nothing (DTX, comfort noise, not started).
  void Silence(int16_t* out);

 private:
  static constexpr int kFadeFrames = 4;

  void RememberFrame(const uint8_t* in, const int16_t* out);
  // The last frame that was really decoded; false when there is none.
  bool LastFrame(int16_t* out) const;
  // Continues the repeated period for `samples`, without gain.
  void Repeat(const int16_t* last, int16_t* out, size_t samples);

  Codec codec_ = Codec::kNone;
  bool has_last_ = false;
  uint8_t concealed_ = 0;      // frames in a row, up to kFadeFrames
  uint16_t period_ = 0;        // samples repeated
  uint16_t period_phase_ = 0;  // next sample of the period
  G722Decoder g722_;
  // The last frame decoded: a G.711 leg keeps its 160 bytes, the others samples.
  union {
    std::array<uint8_t, 160> last_bytes_;
    std::array<int16_t, kSamplesPerFrameMax> last_samples_;
  };
};

// One encoder for any codec: of a leg, or shared by all listeners of a format.
class Encoder {
 public:
  explicit Encoder(Codec codec = Codec::kNone) { Reset(codec); }

  void Reset(Codec codec);

  Codec codec() const { return codec_; }
  const AudioFormat& format() const { return FormatOf(codec_); }

  // The output depends on this frame alone; sharing needs no care.
  bool stateless() const { return format().stateless; }

  // One frame: .samples_per_frame in, .bytes_per_frame out.
  void Encode(const int16_t* in, uint8_t* out);

  // Whether both give the same bytes from now on, for the same samples. A leg that
  // leaves a shared encoder copies it (operator=). See G722Encoder on coming back.
  bool SameState(const Encoder& other) const;

 private:
  Codec codec_ = Codec::kNone;
  G722Encoder g722_;
};

static_assert(std::is_trivially_copyable_v<Decoder> && sizeof(Decoder) <= 896);
static_assert(std::is_trivially_copyable_v<Encoder> && sizeof(Encoder) <= 256);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_AUDIO_CODEC_H_
