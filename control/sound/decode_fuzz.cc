// Files of sound from strangers: decoded within bounds, or refused.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "control/sound/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto sound = tutti::control::DecodeSound(std::string(reinterpret_cast<const char*>(data), size));
  if (!sound.ok()) return 0;
  const size_t samples_max = size_t{sound->sample_rate_hz} * absl::ToInt64Seconds(tutti::control::kSoundDurationMax);
  if (sound->samples.empty() || sound->samples.size() % 2 != 0 || sound->samples.size() > 2 * samples_max + 2) abort();
  if (sound->sha256.size() != 64) abort();
  return 0;
}
