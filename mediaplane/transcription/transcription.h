#ifndef MEDIAPLANE_TRANSCRIPTION_TRANSCRIPTION_H_
#define MEDIAPLANE_TRANSCRIPTION_TRANSCRIPTION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "mediaplane/transcription/recognizer.h"
#include "mediaplane/transcription/transcription_metrics.h"
#include "mediaplane/transcription/utterance.h"
#include "mediaplane/transcription/utterance_queue.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::mediaplane {

// What becomes of one transcription's speech: it goes to the recogniser by one stream,
// that is opened again when it breaks; what has no text by then is sent again. All of
// it runs on the recogniser's thread, whoever it is.
class Transcription {
 public:
  struct Options {
    std::string id;
    // BCP 47.
    std::string language;
    // Empty: the speech server's choice.
    std::string provider;
  };

  // Whom it tells.
  struct Listener {
    // Its status, degradation or provider has changed; with id, without revision.
    std::function<void(const media::v1::TranscriptionState&)> on_change;
    std::function<void(const media::v1::TranscriptMade&)> on_text;
    std::function<void(const media::v1::TranscriptInterim&)> on_interim;
  };

  // Of ticks.
  using TickClock = std::function<int64_t()>;

  // A stream is opened again after the shorter one first.
  static constexpr int64_t kBackOffMinNs = 250'000'000;
  static constexpr int64_t kBackOffMaxNs = 5'000'000'000;
  // A server that says nothing for so long although it should is given up.
  static constexpr int64_t kStartTimeoutNs = 10'000'000'000;
  static constexpr int64_t kSilenceMaxNs = 60'000'000'000;
  // A text that comes later after its speech is late.
  static constexpr int64_t kLateNs = 10'000'000'000;
  // For the last texts after Stop.
  static constexpr int64_t kStopNs = 30'000'000'000;

  // All outlive it; `recognizer`'s handlers run on this thread. It begins by Start.
  Transcription(Options options, Recognizer& recognizer, TranscriptionMetrics& metrics, TickClock now,
                Listener listener);
  // Its stream is cancelled.
  ~Transcription();
  Transcription(const Transcription&) = delete;
  Transcription& operator=(const Transcription&) = delete;

  void Start();

  void Hear(const UtterancePiece& piece);

  // No speech comes any more: waits for the last texts, then it is over.
  void Stop();

  // Looks at the clock. Every half second.
  void Poll();

  bool is_over() const;

 private:
  void Open();
  void OnMessage(const speech::v1::RecognizeResponse& message);
  void OnText(const speech::v1::RecognizedText& text);
  void OnEnd(const absl::Status& status);
  // Writes what is there, if the stream can take it.
  void Send();
  void TellAnswered();
  void End(media::v1::TranscriptionState::Status status);
  // Tells what has changed.
  void Update();

  const Options options_;
  Recognizer& recognizer_;
  TranscriptionMetrics& metrics_;
  const TickClock now_;
  const Listener listener_;
  UtteranceQueue queue_;
  media::v1::TranscriptionState state_;  // as it was told last
  media::v1::TranscriptionState::Status status_ = media::v1::TranscriptionState::STATUS_RUNNING;
  std::string provider_;
  const std::shared_ptr<const bool> alive_ = std::make_shared<bool>(true);
  // The one that counts; older ones are not listened to.
  std::shared_ptr<Recognizer::Stream> stream_;
  uint64_t stream_number_ = 0;
  bool started_ = false;  // the server has taken it
  bool writing_ = false;  // a message has not left
  bool half_closed_ = false;
  bool away_ = false;  // since the last stream broke
  bool late_ = false;
  int64_t back_off_ns_ = kBackOffMinNs;
  int64_t open_at_ns_ = 0;     // without a stream
  int64_t message_at_ns_ = 0;  // when the stream was opened, or its last message came
  int64_t stop_at_ns_ = 0;     // once it is stopped
  int64_t counted_sent_ = 0;
  int64_t counted_lost_ = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_TRANSCRIPTION_TRANSCRIPTION_H_
