#ifndef SPEECH_RECOGNIZER_POCKETSPHINX_DECODER_H_
#define SPEECH_RECOGNIZER_POCKETSPHINX_DECODER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "speech/recognizer/decoder.h"

namespace tutti::speech {

// Its name among the providers.
inline constexpr char kPocketsphinxName[] = "pocketsphinx";

// Where Debian's pocketsphinx-en-us lies.
inline constexpr char kPocketsphinxModel[] = "/usr/share/pocketsphinx/model/en-us";

// NOT_FOUND, with one sentence that names the file, where `folder` lacks one of the
// model's files.
absl::Status CheckPocketsphinxModel(const std::string& folder);

// A decoder of its own, with some 90 MB of memory and half a second of CPU time.
absl::StatusOr<std::unique_ptr<Decoder>> MakePocketsphinxDecoder(const std::string& folder);

}  // namespace tutti::speech

#endif  // SPEECH_RECOGNIZER_POCKETSPHINX_DECODER_H_
