#include "speech/synthesizer/espeak_synthesizer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "speech/synthesizer/child_program.h"
#include "speech/synthesizer/espeak_output.h"

namespace tutti::speech {

absl::StatusOr<std::unique_ptr<EspeakSynthesizer>> EspeakSynthesizer::Make(const std::string& program,
                                                                           const Limits& limits) {
  const std::atomic<bool> never = false;
  const auto table = RunChildProgram({{program, "--voices"}, "", limits.time.least, limits.output_bytes_max}, never);
  if (!table.ok()) {
    return absl::Status(table.status().code(), absl::StrCat(program, " --voices: ", table.status().message()));
  }
  std::vector<v1::Voice> voices = ParseEspeakVoices(*table);
  if (voices.empty()) return absl::InternalError(absl::StrCat(program, " --voices lists no voice"));
  return std::unique_ptr<EspeakSynthesizer>(new EspeakSynthesizer(program, limits, std::move(voices)));
}

absl::StatusOr<Sound> EspeakSynthesizer::Speak(const std::string& text, const v1::Voice& voice,
                                               const std::atomic<bool>& cancelled) {
  // "-b 1": UTF-8.
  const auto wav = RunChildProgram({{program_, "-v", voice.voice(), "-b", "1", "--stdin", "--stdout"},
                                    text,
                                    limits_.time.Of(text),
                                    limits_.output_bytes_max},
                                   cancelled);
  if (absl::IsCancelled(wav.status())) return wav.status();
  const absl::StatusOr<Sound> sound = wav.ok() ? ParseEspeakWav(*wav) : wav.status();
  if (sound.ok()) return sound;
  return Error(
      absl::StatusCode::kInternal, "SYNTHESIS_FAILED",
      absl::StrCat(program_, " could not speak with the voice ", voice.voice(), ": ", sound.status().message()));
}

}  // namespace tutti::speech
