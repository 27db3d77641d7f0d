#ifndef SPEECH_RECOGNIZER_DECODER_H_
#define SPEECH_RECOGNIZER_DECODER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tutti::speech {

// What every decoder is fed with.
inline constexpr int kDecoderRateHz = 16'000;

// What a decoder has learned of one speaker, for the speaker's next utterance.
// Another decoder of the same kind can go on with it. Empty: nothing yet.
using SpeakerProfile = std::vector<float>;

// What was understood.
struct Transcript {
  // Lower-case words with single spaces; empty: nothing.
  std::string text;
  // 0 to 1; 0: the decoder does not say.
  float confidence = 0;
};

// Understands one utterance at a time. One thread at a time.
class Decoder {
 public:
  virtual ~Decoder() = default;

  // Forgets what has not ended. `source_rate_hz` is the rate that the samples were
  // recorded at: from 8 000 there is nothing above 4 kHz in them.
  virtual absl::Status Begin(const SpeakerProfile& profile, int source_rate_hz) = 0;
  // More samples, of kDecoderRateHz.
  virtual absl::Status Feed(std::span<const int16_t> samples) = 0;
  // The text so far.
  virtual std::string Interim() = 0;
  // Ends the utterance.
  virtual absl::StatusOr<Transcript> End(SpeakerProfile& profile) = 0;
};

// Makes one more decoder; takes its time. Any thread.
using DecoderFactory = std::function<absl::StatusOr<std::unique_ptr<Decoder>>()>;

}  // namespace tutti::speech

#endif  // SPEECH_RECOGNIZER_DECODER_H_
