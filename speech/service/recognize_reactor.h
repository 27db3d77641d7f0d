#ifndef SPEECH_SERVICE_RECOGNIZE_REACTOR_H_
#define SPEECH_SERVICE_RECOGNIZE_REACTOR_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/server_callback.h"
#include "speech/metrics/speech_metrics.h"
#include "speech/recognizer/recognizer.h"
#include "speech/recognizer/recognizer_registry.h"
#include "speech/service/slots.h"
#include "speech/service/stream_checker.h"

namespace tutti::speech {

// One stream of Recognize, between gRPC's threads and a recogniser's. It does not
// read on while the recogniser is full or the client does not take its texts.
class RecognizeReactor final : public grpc::ServerBidiReactor<v1::RecognizeRequest, v1::RecognizeResponse>,
                               public TextSink,
                               public std::enable_shared_from_this<RecognizeReactor> {
 public:
  // `slots` has counted it; all outlive the server. It lives until it is done and no
  // recogniser knows it any more.
  static RecognizeReactor* Begin(const RecognizerRegistry& registry, SpeechMetrics& metrics, Slots& slots);

 private:
  RecognizeReactor(const RecognizerRegistry& registry, SpeechMetrics& metrics, Slots& slots)
      : registry_(registry), metrics_(metrics), slots_(slots) {}

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void OnText(v1::RecognizedText text) override;
  void OnRoom() override;
  void OnEnd(const absl::Status& status) override;

  absl::Status Take() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status TakeHead(const v1::RecognizeHead& head) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status HalfClose() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReadOn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WriteOn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What waits to be written is still written if `status` is OK.
  void End(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const RecognizerRegistry& registry_;
  SpeechMetrics& metrics_;
  Slots& slots_;
  // Until OnDone.
  std::shared_ptr<RecognizeReactor> self_;

  absl::Mutex mutex_;
  // gRPC's while `reading_`, or `writing_`.
  v1::RecognizeRequest request_ ABSL_GUARDED_BY(mutex_);
  v1::RecognizeResponse response_ ABSL_GUARDED_BY(mutex_);
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool half_closed_ ABSL_GUARDED_BY(mutex_) = false;
  // The recogniser takes more.
  bool room_ ABSL_GUARDED_BY(mutex_) = true;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);

  StreamChecker checker_ ABSL_GUARDED_BY(mutex_);
  std::string provider_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<RecognitionStream> stream_ ABSL_GUARDED_BY(mutex_);
  std::deque<v1::RecognizeResponse> outgoing_ ABSL_GUARDED_BY(mutex_);
  int64_t utterances_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t finals_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tutti::speech

#endif  // SPEECH_SERVICE_RECOGNIZE_REACTOR_H_
