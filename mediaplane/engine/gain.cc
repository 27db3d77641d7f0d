#include "mediaplane/engine/gain.h"

#include <array>

#include "mediaplane/audio/format.h"
#include "mediaplane/audio/mix.h"
#include "mediaplane/engine/player.h"

namespace tutti::mediaplane {

void ApplyGain(uint16_t before, uint16_t gain, size_t ramp, int16_t* samples, size_t count) {
  std::array<int32_t, kSamplesPerFrameMax> wide;
  for (size_t i = 0; i < ramp; ++i) {
    const int32_t step = (int32_t{gain} - before) * static_cast<int32_t>(i) / static_cast<int32_t>(ramp);
    wide[i] = samples[i] * (before + step) >> kGainBits;
  }
  for (size_t i = ramp; i < count; ++i) wide[i] = samples[i] * int32_t{gain} >> kGainBits;
  Limit(wide.data(), samples, count);
}

}  // namespace tutti::mediaplane
