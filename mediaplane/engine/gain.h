#ifndef MEDIAPLANE_ENGINE_GAIN_H_
#define MEDIAPLANE_ENGINE_GAIN_H_

#include <cstddef>
#include <cstdint>

namespace tutti::mediaplane {

// Multiplies at most kSamplesPerFrameMax samples in place, the gain going from
// `before` to `gain` (kUnityGain is 1) over the first `ramp` of them; limited.
void ApplyGain(uint16_t before, uint16_t gain, size_t ramp, int16_t* samples, size_t count);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_GAIN_H_
