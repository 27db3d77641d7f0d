#ifndef SPEECH_SYNTHESIZER_ESPEAK_SYNTHESIZER_H_
#define SPEECH_SYNTHESIZER_ESPEAK_SYNTHESIZER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "speech/synthesizer/synthesizer.h"

namespace tutti::speech {

// The languages of espeak-ng, which is run as a program of its own for each text: it
// is under the GPL, and what crashes or hangs there is nothing of ours.
class EspeakSynthesizer final : public Synthesizer {
 public:
  struct Limits {
    SpeakingTime time;
    // Twelve minutes at its rate of 22 050 Hz.
    size_t output_bytes_max = 32 << 20;
  };

  // Asks `program` for its voices. An error, in one sentence, where it is not there or
  // does not answer as espeak-ng does.
  static absl::StatusOr<std::unique_ptr<EspeakSynthesizer>> Make(const std::string& program, const Limits& limits);

  const std::vector<v1::Voice>& voices() const override { return voices_; }
  absl::StatusOr<Sound> Speak(const std::string& text, const v1::Voice& voice,
                              const std::atomic<bool>& cancelled) override;

 private:
  EspeakSynthesizer(std::string program, const Limits& limits, std::vector<v1::Voice> voices)
      : program_(std::move(program)), limits_(limits), voices_(std::move(voices)) {}

  const std::string program_;
  const Limits limits_;
  const std::vector<v1::Voice> voices_;
};

}  // namespace tutti::speech

#endif  // SPEECH_SYNTHESIZER_ESPEAK_SYNTHESIZER_H_
