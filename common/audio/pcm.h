#ifndef COMMON_AUDIO_PCM_H_
#define COMMON_AUDIO_PCM_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace tutti {

// Samples in units of 16 bit PCM, rounded and clipped to it.
inline void AppendPcm(std::span<const float> samples, std::vector<int16_t>& pcm) {
  constexpr float kMin = std::numeric_limits<int16_t>::min();
  constexpr float kMax = std::numeric_limits<int16_t>::max();
  for (const float sample : samples) pcm.push_back(static_cast<int16_t>(std::lrint(std::clamp(sample, kMin, kMax))));
}

}  // namespace tutti

#endif  // COMMON_AUDIO_PCM_H_
