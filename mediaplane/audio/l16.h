#ifndef MEDIAPLANE_AUDIO_L16_H_
#define MEDIAPLANE_AUDIO_L16_H_

#include <cstddef>
#include <cstdint>

namespace tutti::mediaplane {

// RFC 3551 section 4.5.11: 16-bit samples in network byte order.
inline void DecodeL16(const uint8_t* in, int16_t* out, size_t samples) {
  for (size_t i = 0; i < samples; ++i) {
    out[i] = static_cast<int16_t>(static_cast<uint16_t>(in[2 * i] << 8 | in[2 * i + 1]));
  }
}

inline void EncodeL16(const int16_t* in, uint8_t* out, size_t samples) {
  for (size_t i = 0; i < samples; ++i) {
    out[2 * i] = static_cast<uint8_t>(static_cast<uint16_t>(in[i]) >> 8);
    out[2 * i + 1] = static_cast<uint8_t>(in[i]);
  }
}

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_AUDIO_L16_H_
