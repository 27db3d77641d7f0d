#ifndef MEDIAPLANE_AUDIO_G722_H_
#define MEDIAPLANE_AUDIO_G722_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "spandsp.h"
#include "spandsp/expose.h"

namespace tutti::mediaplane {

// ITU-T G.722 at 64 kbit/s, 16 kHz, over spandsp, with its state inside: no heap,
// and a copy of the object is a copy of the codec.
class G722Decoder {
 public:
  G722Decoder() { Reset(); }

  void Reset();

  // `bytes` of `in` give 2 × `bytes` samples.
  void Decode(const uint8_t* in, size_t bytes, int16_t* out);

 private:
  g722_decode_state_t state_;
};

class G722Encoder {
 public:
  G722Encoder() { Reset(); }

  void Reset();

  // `samples` (even) of `in` give `samples` / 2 bytes.
  void Encode(const int16_t* in, size_t samples, uint8_t* out);

  // Whether both give the same bytes from now on, for the same samples. True of a copy
  // as long as both are given the same. Two that once differed never become equal by
  // hearing the same (the rounding of their feedback keeps them apart, also in silence):
  // they come together only by a copy.
  bool SameState(const G722Encoder& other) const;

 private:
  g722_encode_state_t state_;
};

static_assert(std::is_trivially_copyable_v<G722Decoder> && std::is_trivially_copyable_v<G722Encoder>);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_AUDIO_G722_H_
