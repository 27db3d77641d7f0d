#ifndef SPEECH_RECOGNIZER_DECODER_POOL_H_
#define SPEECH_RECOGNIZER_DECODER_POOL_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/clock/clock.h"
#include "speech/metrics/speech_metrics.h"
#include "speech/recognizer/decoder.h"
#include "speech/recognizer/recognizer.h"
#include "speech/recognizer/utterance_queue.h"

namespace tutti::speech {

// A provider in this process: so many decoders, a thread each, for the utterances of
// all streams. A decoder that nobody needs begins with an utterance before its end,
// for early texts; it gives it up when ended ones wait and no decoder is free.
// Decoders are made when they are first needed, but for the first one.
class DecoderPool final : public Recognizer {
 public:
  struct Options {
    std::string name;
    std::vector<std::string> languages;
    int decoders_max = 1;
    // Samples of all streams that are kept.
    size_t bytes_max = size_t{512} << 20;
    UtteranceQueue::Limits queue = {};
  };

  // `clock` and `metrics` outlive it.
  DecoderPool(Options options, DecoderFactory factory, Clock& clock, SpeechMetrics& metrics);
  // After all of its streams.
  ~DecoderPool() override;

  // Waits until the first decoder is made: what was wrong with it.
  absl::Status AwaitFirst() const;

  const std::string& name() const override { return options_.name; }
  const std::vector<std::string>& languages() const override { return options_.languages; }
  bool available() const override { return !broken_; }
  std::unique_ptr<RecognitionStream> Start(const v1::RecognizeHead& head, std::shared_ptr<TextSink> sink) override;

  // For metrics.
  int waiting() const;
  absl::Duration oldest_age() const;
  size_t bytes() const;
  int decoders() const { return decoders_; }

 private:
  class Stream;
  using StreamId = UtteranceQueue::StreamId;

  struct Client {
    std::shared_ptr<TextSink> sink;
    bool interim = false;
    bool finishing = false;
    // It waits for OnRoom.
    bool full = false;
  };
  enum class Piece { kSamples, kEnd, kGivenUp };

  void Run(bool first);
  std::shared_ptr<Utterance> Next();
  void Decode(Utterance& utterance, std::unique_ptr<Decoder>& decoder);
  absl::Status Make(std::unique_ptr<Decoder>& decoder);
  // False: it was given up.
  absl::StatusOr<bool> DecodeWith(Decoder& decoder, Utterance& utterance, Transcript& transcript);
  absl::StatusOr<bool> Pass(Decoder& decoder, Utterance& utterance, bool interim, SpeakerProfile& profile,
                            Transcript& transcript);
  Piece WaitPiece(Utterance& utterance, size_t place, std::vector<int16_t>& piece);
  void TellInterim(const Utterance& utterance, const std::string& text);
  void Answer(const Utterance& utterance, const Transcript& transcript, absl::Duration queued);
  void Retry(Utterance& utterance, const absl::Status& why);
  void Break(StreamId stream, const absl::Status& status);

  // For Stream.
  absl::StatusOr<bool> Send(StreamId stream, const v1::RecognizeRequest& message);
  bool Finish(StreamId stream);
  void Close(StreamId stream);

  const Options options_;
  const DecoderFactory factory_;
  Clock& clock_;
  SpeechMetrics& metrics_;
  std::atomic<bool> broken_ = false;
  std::atomic<int> decoders_ = 0;

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Nothing before the first decoder was tried.
  std::optional<absl::Status> first_ ABSL_GUARDED_BY(mutex_);
  // Threads that wait for an utterance.
  int idle_ ABSL_GUARDED_BY(mutex_) = 0;
  // An Utterance's fields, too, are looked at under the lock.
  UtteranceQueue queue_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<StreamId, Client> clients_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace tutti::speech

#endif  // SPEECH_RECOGNIZER_DECODER_POOL_H_
