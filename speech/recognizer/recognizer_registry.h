#ifndef SPEECH_RECOGNIZER_RECOGNIZER_REGISTRY_H_
#define SPEECH_RECOGNIZER_RECOGNIZER_REGISTRY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "speech/recognizer/recognizer.h"

namespace tutti::speech {

// The providers, in the order in which they are tried. Thread-safe once it is filled.
class RecognizerRegistry {
 public:
  void Add(std::unique_ptr<Recognizer> recognizer) { recognizers_.push_back(std::move(recognizer)); }

  // The one of that name; without a name the first one that has the language and is
  // available, or else the first one that has it. PROVIDER_NOT_FOUND,
  // LANGUAGE_NOT_SUPPORTED with `supported`: "de, en-US".
  absl::StatusOr<Recognizer*> Choose(const std::string& language, const std::string& provider) const;

  const std::vector<std::unique_ptr<Recognizer>>& recognizers() const { return recognizers_; }

 private:
  std::vector<std::unique_ptr<Recognizer>> recognizers_;
};

}  // namespace tutti::speech

#endif  // SPEECH_RECOGNIZER_RECOGNIZER_REGISTRY_H_
