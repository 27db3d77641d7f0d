#ifndef MEDIAPLANE_TRANSCRIPTION_UTTERANCE_QUEUE_H_
#define MEDIAPLANE_TRANSCRIPTION_UTTERANCE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mediaplane/transcription/utterance.h"
#include "tutti/speech/v1/speech.pb.h"

namespace tutti::mediaplane {

// The utterances of one transcription from their beginning until their text has come:
// what of them was sent on the stream, and what is to be sent again when it breaks.
// Bounded: an utterance that goes over a bound is dropped whole.
class UtteranceQueue {
 public:
  // Of sound that waits to be sent or answered.
  static constexpr int64_t kLegMsMax = 30'000;
  static constexpr int64_t kAllMsMax = 300'000;
  // Utterances that have begun on the stream and not ended: servers have a bound of
  // their own.
  static constexpr int kOpenMax = 32;
  // Streams that broke while they had an utterance: it may be what breaks them.
  static constexpr int kStreamsMax = 3;

  struct Utterance {
    UtteranceBegun begun;
    std::vector<int16_t> samples;
    std::optional<int64_t> end_ns;
    // On the stream that is open.
    bool begin_sent = false;
    bool end_sent = false;
    size_t samples_sent = 0;
    int streams = 0;
    // It will not become text, but its stream still waits for its end.
    bool dropped = false;
    std::optional<speech::v1::RecognizedText> text;
  };

  void Add(const UtterancePiece& piece);

  // What is to be sent next on the stream; it counts as sent. Utterances of a leg
  // follow each other.
  std::optional<speech::v1::RecognizeRequest> Next();

  // The stream broke: all that has no text is to be sent again.
  void Rewind();

  // A final text. Of an utterance that is not known, or has not ended, it changes
  // nothing.
  void Answer(const speech::v1::RecognizedText& text);

  // Those with a text whose turn it is in their leg; they are forgotten here. Without
  // samples.
  std::vector<Utterance> TakeAnswered();

  // Of an interim text; null: it is over, or was never.
  const Utterance* Find(uint64_t id) const;

  // All that has no text becomes lost.
  void DropAll();

  bool empty() const { return utterances_.empty(); }
  // When the oldest speech ended that waits for its text; none: 0.
  int64_t oldest_end_ns() const;
  // So many were dropped so far.
  int64_t lost() const { return lost_; }
  // So many went to a server; those that were sent again count again.
  int64_t sent() const { return sent_; }

 private:
  using Utterances = std::map<uint64_t, Utterance>;

  void FreeSamples(Utterance& utterance);
  // Its samples are forgotten; it stays for its end, if a server knows of it.
  void Drop(Utterances::iterator utterance);

  // By id, the order of their beginnings.
  Utterances utterances_;
  // Milliseconds of sound that are kept.
  std::map<std::string, int64_t> leg_ms_;
  int64_t all_ms_ = 0;
  int64_t lost_ = 0;
  int64_t sent_ = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_TRANSCRIPTION_UTTERANCE_QUEUE_H_
