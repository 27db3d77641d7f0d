#ifndef CONTROL_SPEECH_SPEECH_CLIENT_H_
#define CONTROL_SPEECH_SPEECH_CLIENT_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "tutti/speech/v1/speech.pb.h"

namespace tutti::control {

// What a text sounds like: signed 16 bit, little endian, mono.
struct SpokenSound {
  uint32_t sample_rate_hz = 0;
  std::string samples;
};

// The speech server as the control plane speaks to it. Every call is answered in
// bounded time, on any thread, also before it returns. Thread-safe.
class SpeechClient {
 public:
  template <typename T>
  using Done = std::function<void(absl::StatusOr<T>)>;

  virtual ~SpeechClient() = default;

  // The whole sound of a text. INVALID_ARGUMENT (LANGUAGE_NOT_SUPPORTED,
  // VOICE_NOT_FOUND, SOUND_NOT_SUPPORTED: too long a sound, or an empty one),
  // RESOURCE_EXHAUSTED (SPEECH_BUSY), INTERNAL (SYNTHESIS_FAILED), UNAVAILABLE
  // (SPEECH_UNAVAILABLE).
  virtual void Synthesize(const speech::v1::SynthesizeRequest& request, Done<SpokenSound> done) = 0;

  // What can be recognised and spoken, as it was at most a few seconds ago.
  // UNAVAILABLE (SPEECH_UNAVAILABLE).
  virtual void ListCapabilities(Done<speech::v1::ListCapabilitiesResponse> done) = 0;
};

}  // namespace tutti::control

#endif  // CONTROL_SPEECH_SPEECH_CLIENT_H_
