#ifndef MEDIAPLANE_TRANSCRIPTION_UTTERANCE_H_
#define MEDIAPLANE_TRANSCRIPTION_UTTERANCE_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"

// An utterance of one leg as it is heard: a begin, samples, an end.
namespace tutti::mediaplane {

// An utterance begins.
struct UtteranceBegun {
  // Rising within one SpeechTap.
  uint64_t id = 0;
  std::string leg_id;
  int sample_rate_hz = 0;
  // When its speech began, of a tick, and the same of the wall's clock.
  int64_t speech_ns = 0;
  absl::Time tm_begin;
};

// More of it.
struct UtteranceHeard {
  uint64_t id = 0;
  std::vector<int16_t> samples;
};

// It is over.
struct UtteranceEnded {
  uint64_t id = 0;
  int64_t speech_ns = 0;
};

using UtterancePiece = std::variant<UtteranceBegun, UtteranceHeard, UtteranceEnded>;

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_TRANSCRIPTION_UTTERANCE_H_
