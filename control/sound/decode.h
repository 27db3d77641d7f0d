#ifndef CONTROL_SOUND_DECODE_H_
#define CONTROL_SOUND_DECODE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "control/media/node_client.h"

namespace tutti::control {

// Of the file as it comes.
inline constexpr size_t kSoundFileBytesMax = size_t{32} << 20;
inline constexpr absl::Duration kSoundDurationMax = absl::Minutes(10);

// A file of sound (WAV or FLAC) as media nodes take it: its channels are
// mixed down, and any rate but 8000 Hz becomes 16000 Hz. INVALID_ARGUMENT, reason SOUND_NOT_SUPPORTED: it is none, is
// empty, or is too long. Takes seconds for the longest ones.
absl::StatusOr<SoundData> DecodeSound(const std::string& file);

// Samples as media nodes take them, with their hash.
SoundData MakeSoundData(std::string samples, uint32_t sample_rate_hz);

}  // namespace tutti::control

#endif  // CONTROL_SOUND_DECODE_H_
