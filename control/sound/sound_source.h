#ifndef CONTROL_SOUND_SOUND_SOURCE_H_
#define CONTROL_SOUND_SOUND_SOURCE_H_

#include <string>

#include "absl/status/statusor.h"

namespace tutti::control {

// How a client names a sound: "beep", "beep_entry", "beep_exit", "hold_music"
// (every media node has them), "sound:ID" (of its own, uploaded), "file:NAME" (below
// the sounds folder), or an http or https URL.
enum class SoundSourceKind { kBuiltIn, kUpload, kFile, kUrl };

// INVALID_ARGUMENT (INVALID_REQUEST_PARAMETER or INVALID_ID, field `sound`): it is none of them.
// Whether the sound is there is not known before it is played.
absl::StatusOr<SoundSourceKind> ParseSoundSource(const std::string& source);

// What stands before the id of an upload, and before the name of a file.
inline constexpr char kUploadSourcePrefix[] = "sound:";
inline constexpr char kFileSourcePrefix[] = "file:";

}  // namespace tutti::control

#endif  // CONTROL_SOUND_SOUND_SOURCE_H_
