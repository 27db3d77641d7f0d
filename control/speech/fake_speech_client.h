#ifndef CONTROL_SPEECH_FAKE_SPEECH_CLIENT_H_
#define CONTROL_SPEECH_FAKE_SPEECH_CLIENT_H_

#include <utility>
#include <vector>

#include "common/status/status.h"
#include "control/speech/speech_client.h"

namespace tutti::control {

// A speech server without speech or threads: answers at once, unless `holds`.
class FakeSpeechClient final : public SpeechClient {
 public:
  FakeSpeechClient() {
    speech::v1::Recognizer& recognizer = *capabilities.add_recognizers();
    recognizer.set_provider("fake");
    recognizer.add_languages("en-US");
  }

  void Synthesize(const speech::v1::SynthesizeRequest& request, Done<SpokenSound> done) override {
    syntheses.push_back(request);
    if (holds) {
      held.push_back(std::move(done));
    } else {
      done(Answer());
    }
  }

  void ListCapabilities(Done<speech::v1::ListCapabilitiesResponse> done) override {
    if (!failure.ok()) return done(failure);
    done(capabilities);
  }

  absl::StatusOr<SpokenSound> Answer() const {
    if (!failure.ok()) return failure;
    return sound;
  }

  absl::Status failure;
  // Of every text.
  SpokenSound sound{16'000, std::string(3'200, 'x')};
  speech::v1::ListCapabilitiesResponse capabilities;
  std::vector<speech::v1::SynthesizeRequest> syntheses;
  bool holds = false;
  std::vector<Done<SpokenSound>> held;
};

}  // namespace tutti::control

#endif  // CONTROL_SPEECH_FAKE_SPEECH_CLIENT_H_
