#ifndef SPEECH_SERVICE_STREAM_CHECKER_H_
#define SPEECH_SERVICE_STREAM_CHECKER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tutti/speech/v1/speech.pb.h"

namespace tutti::speech {

// Knows what may come next on a stream of Recognize: the rules of speech.proto. One
// thread at a time.
class StreamChecker {
 public:
  static constexpr int kUtteranceSecondsMax = 60;
  static constexpr size_t kSpeakerBytesMax = 64;
  static constexpr size_t kSamplesBytesMax = 64 * 1024;
  // Utterances that have not ended.
  static constexpr size_t kOpenMax = 64;

  // INVALID_REQUEST_PARAMETER, or SPEECH_BUSY for more than kOpenMax; the stream is
  // over then.
  absl::Status Check(const v1::RecognizeRequest& message);

  bool has_head() const { return has_head_; }
  // Utterances that have not ended.
  std::vector<uint64_t> open() const;
  // The rate of one of them.
  int sample_rate_hz(uint64_t utterance_id) const { return open_.at(utterance_id).sample_rate_hz; }

 private:
  struct Open {
    std::string speaker_id;
    int sample_rate_hz = 0;
    size_t bytes = 0;
  };

  absl::Status CheckHead(const v1::RecognizeHead& head);
  absl::Status CheckBegin(const v1::UtteranceBegin& begin);
  absl::Status CheckSamples(const v1::UtteranceSamples& samples);
  absl::Status CheckEnd(const v1::UtteranceEnd& end);

  bool has_head_ = false;
  bool has_utterance_ = false;
  uint64_t last_id_ = 0;
  std::map<uint64_t, Open> open_;
  std::set<std::string> speaking_;
};

}  // namespace tutti::speech

#endif  // SPEECH_SERVICE_STREAM_CHECKER_H_
