#ifndef MEDIAPLANE_FINISHER_CONVERT_H_
#define MEDIAPLANE_FINISHER_CONVERT_H_

#include <string>

#include "absl/status/status.h"

namespace tutti::mediaplane {

enum class SoundFormat { kFlac, kOggOpus };

// Makes a file of another format from a WAV file, mono, 8 or 16 kHz. What is at `to`
// after an error is no file of use.
absl::Status ConvertSound(const std::string& from, const std::string& to, SoundFormat format);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_FINISHER_CONVERT_H_
