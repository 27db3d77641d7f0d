#ifndef MEDIAPLANE_AUDIO_G711_H_
#define MEDIAPLANE_AUDIO_G711_H_

#include <cstddef>
#include <cstdint>

namespace tutti::mediaplane {

// ITU-T G.711 between bytes and 16-bit samples (the companded 13/14-bit value in
// the top bits), bit exact to the ITU's software tool library (G.191). Blocks of
// any length; `in` and `out` must not overlap. SIMD, chosen at run time.
void DecodePcmu(const uint8_t* in, int16_t* out, size_t samples);
void DecodePcma(const uint8_t* in, int16_t* out, size_t samples);
void EncodePcmu(const int16_t* in, uint8_t* out, size_t samples);
void EncodePcma(const int16_t* in, uint8_t* out, size_t samples);

// The same, one value at a time: the oracle of the SIMD code.
namespace scalar {
int16_t DecodePcmu(uint8_t code);
int16_t DecodePcma(uint8_t code);
uint8_t EncodePcmu(int16_t sample);
uint8_t EncodePcma(int16_t sample);
}  // namespace scalar

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_AUDIO_G711_H_
