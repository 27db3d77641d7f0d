#ifndef SPEECH_SYNTHESIZER_FLITE_SYNTHESIZER_H_
#define SPEECH_SYNTHESIZER_FLITE_SYNTHESIZER_H_

#include <string>
#include <vector>

#include "speech/synthesizer/synthesizer.h"

namespace tutti::speech {

// American English by flite's voices, which are linked in. One text at a time: its
// voices count references without locks. It is some sixty times faster than speech.
class FliteSynthesizer final : public Synthesizer {
 public:
  FliteSynthesizer();

  const std::vector<v1::Voice>& voices() const override { return voices_; }
  absl::StatusOr<Sound> Speak(const std::string& text, const v1::Voice& voice,
                              const std::atomic<bool>& cancelled) override;

 private:
  std::vector<v1::Voice> voices_;
};

}  // namespace tutti::speech

#endif  // SPEECH_SYNTHESIZER_FLITE_SYNTHESIZER_H_
