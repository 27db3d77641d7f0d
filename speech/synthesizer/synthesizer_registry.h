#ifndef SPEECH_SYNTHESIZER_SYNTHESIZER_REGISTRY_H_
#define SPEECH_SYNTHESIZER_SYNTHESIZER_REGISTRY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "speech/synthesizer/synthesizer.h"

namespace tutti::speech {

// The voices of all synthesizers, in the order in which they are tried. Thread-safe
// once it is filled.
class SynthesizerRegistry {
 public:
  struct Choice {
    Synthesizer* synthesizer;
    const v1::Voice* voice;
  };

  void Add(std::unique_ptr<Synthesizer> synthesizer) { synthesizers_.push_back(std::move(synthesizer)); }

  // The voice of that name, or else of any name, whose language suits best; of equals
  // the first. VOICE_NOT_FOUND, LANGUAGE_NOT_SUPPORTED with `supported`: "de, en-US".
  absl::StatusOr<Choice> Choose(const std::string& language, const std::string& voice) const;

  const std::vector<std::unique_ptr<Synthesizer>>& synthesizers() const { return synthesizers_; }

 private:
  std::vector<std::unique_ptr<Synthesizer>> synthesizers_;
};

}  // namespace tutti::speech

#endif  // SPEECH_SYNTHESIZER_SYNTHESIZER_REGISTRY_H_
