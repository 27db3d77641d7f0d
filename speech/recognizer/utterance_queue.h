#ifndef SPEECH_RECOGNIZER_UTTERANCE_QUEUE_H_
#define SPEECH_RECOGNIZER_UTTERANCE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/time/time.h"
#include "speech/recognizer/decoder.h"

namespace tutti::speech {

// One speaker's utterance as far as it has come.
struct Utterance {
  uint64_t stream_id = 0;
  uint64_t id = 0;
  std::string speaker_id;
  int sample_rate_hz = 0;
  // All of it, until it is answered: a decoder may have to start again.
  std::vector<int16_t> samples;
  bool ended = false;
  absl::Time ended_at;
  // A decoder began before its end and gave it up for others: the next one waits
  // for the end.
  bool given_up = false;
  // Decoders that failed on it.
  int failures = 0;
};

// The utterances of all streams, and which one is next: those that have ended before
// those that still come, stream by stream in turn, a speaker's in their order and
// one at a time. Starts no thread and takes no lock.
class UtteranceQueue {
 public:
  using StreamId = uint64_t;

  struct Limits {
    // A stream is full above one of these, counting what has ended and is not
    // answered.
    size_t ended_bytes_max = 2 << 20;
    int ended_max = 64;
    // Speakers that a stream keeps profiles of.
    size_t speakers_max = 1000;
  };

  explicit UtteranceQueue(const Limits& limits) : limits_(limits) {}

  StreamId Open();
  // Drops the stream's utterances.
  void Close(StreamId stream);
  bool IsOpen(StreamId stream) const { return streams_.contains(stream); }

  // Of an open stream, in the order that StreamChecker has seen to.
  void Begin(StreamId stream, uint64_t id, const std::string& speaker, int sample_rate_hz);
  // Signed 16 bit, little endian.
  void Append(StreamId stream, uint64_t id, const std::string& samples);
  void End(StreamId stream, uint64_t id, absl::Time now);

  // The next one for a decoder; it is busy until Answer or PutBack. Null: none.
  std::shared_ptr<Utterance> TakeEnded();
  // One that still comes.
  std::shared_ptr<Utterance> TakeLive();
  bool HasEnded() const;

  // Not answered: another decoder may take it.
  void PutBack(const Utterance& utterance);
  // Answered, and gone. Both do nothing where the stream was closed.
  void Answer(const Utterance& utterance);

  // Of the utterance's speaker; null where the stream was closed.
  SpeakerProfile* profile(const Utterance& utterance);

  bool full(StreamId stream) const;
  // Utterances of the stream that are not answered.
  size_t unanswered(StreamId stream) const;

  // Of all streams: utterances that have ended and wait for a decoder, since when the
  // first one does (`now` where none waits), and the samples that are kept.
  int waiting() const;
  absl::Time oldest(absl::Time now) const;
  size_t bytes() const { return bytes_; }

 private:
  struct Speaker {
    std::deque<std::shared_ptr<Utterance>> utterances;
    // A decoder has the first one.
    bool busy = false;
    SpeakerProfile profile;
  };
  struct Stream {
    StreamId id = 0;
    std::map<std::string, Speaker> speakers;
    std::unordered_map<uint64_t, std::shared_ptr<Utterance>> utterances;
    size_t ended_bytes = 0;
    int ended = 0;
  };

  // The first utterance of a speaker that no decoder has, by `wanted`.
  template <typename Wanted>
  std::shared_ptr<Utterance> Take(Wanted wanted);
  Speaker* FindSpeaker(const Utterance& utterance);

  const Limits limits_;
  StreamId last_id_ = 0;
  // The next one in turn first.
  std::list<Stream> turn_;
  std::unordered_map<StreamId, std::list<Stream>::iterator> streams_;
  size_t bytes_ = 0;
};

}  // namespace tutti::speech

#endif  // SPEECH_RECOGNIZER_UTTERANCE_QUEUE_H_
