#ifndef SPEECH_SYNTHESIZER_ESPEAK_OUTPUT_H_
#define SPEECH_SYNTHESIZER_ESPEAK_OUTPUT_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "speech/synthesizer/synthesizer.h"

namespace tutti::speech {

// The table that `espeak-ng --voices` prints: a voice for each language, named by
// espeak-ng's word for it ("fr-fr"), then one for each wider tag that no line has of
// its own ("zh" of "cmn"). What is no line of the table is skipped; at most 1 000.
std::vector<v1::Voice> ParseEspeakVoices(std::string_view table);

// The WAV that `espeak-ng --stdout` writes: 16 bit, mono; the lengths in its head are
// not known when it begins, so all that follows is taken. INVALID_ARGUMENT for
// anything else.
absl::StatusOr<Sound> ParseEspeakWav(std::string_view wav);

}  // namespace tutti::speech

#endif  // SPEECH_SYNTHESIZER_ESPEAK_OUTPUT_H_
