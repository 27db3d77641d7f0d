#ifndef SPEECH_SYNTHESIZER_SYNTHESIZER_H_
#define SPEECH_SYNTHESIZER_SYNTHESIZER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tutti/speech/v1/speech.pb.h"

namespace tutti::speech {

// The longest text that is spoken.
inline constexpr size_t kSpokenBytesMax = 4096;

// Speech at whatever rate its maker makes it.
struct Sound {
  int sample_rate_hz = 0;
  std::vector<int16_t> samples;
};

// How long a text may take before it is given up. A core of its own speaks the longest
// one in some 4 s, and a short one within a second; others may want that core, too.
struct SpeakingTime {
  absl::Duration least = absl::Seconds(5);
  absl::Duration per_byte = absl::Milliseconds(10);

  absl::Duration Of(const std::string& text) const { return least + static_cast<int64_t>(text.size()) * per_byte; }
};

// Makes speech of text. Thread-safe.
class Synthesizer {
 public:
  virtual ~Synthesizer() = default;

  // In the order in which they are tried.
  virtual const std::vector<v1::Voice>& voices() const = 0;
  // Takes its time. `text` is UTF-8 without control characters; `voice` is one of
  // `voices`. SYNTHESIS_FAILED; CANCELLED soon after `cancelled` became true.
  virtual absl::StatusOr<Sound> Speak(const std::string& text, const v1::Voice& voice,
                                      const std::atomic<bool>& cancelled) = 0;
};

}  // namespace tutti::speech

#endif  // SPEECH_SYNTHESIZER_SYNTHESIZER_H_
