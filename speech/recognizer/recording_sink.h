#ifndef SPEECH_RECOGNIZER_RECORDING_SINK_H_
#define SPEECH_RECOGNIZER_RECORDING_SINK_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "speech/recognizer/recognizer.h"

namespace tutti::speech {

// Keeps what a stream says. Thread-safe.
class RecordingSink final : public TextSink {
 public:
  void OnText(v1::RecognizedText text) override {
    absl::MutexLock lock(&mutex_);
    if (text.final()) {
      finals_.push_back(std::move(text));
    } else {
      interims_.push_back(std::move(text));
    }
  }
  void OnRoom() override {
    absl::MutexLock lock(&mutex_);
    ++rooms_;
  }
  void OnEnd(const absl::Status& status) override {
    absl::MutexLock lock(&mutex_);
    end_ = status;
  }

  std::vector<v1::RecognizedText> AwaitFinals(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto there = [this, count]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return finals_.size() >= count; };
    mutex_.Await(absl::Condition(&there));
    return finals_;
  }
  v1::RecognizedText AwaitInterim() {
    absl::MutexLock lock(&mutex_);
    const auto there = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !interims_.empty(); };
    mutex_.Await(absl::Condition(&there));
    return interims_.back();
  }
  void AwaitRoom() {
    absl::MutexLock lock(&mutex_);
    const auto there = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return rooms_ > 0; };
    mutex_.Await(absl::Condition(&there));
    --rooms_;
  }
  absl::Status AwaitEnd() {
    absl::MutexLock lock(&mutex_);
    const auto there = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return end_.has_value(); };
    mutex_.Await(absl::Condition(&there));
    return *end_;
  }
  size_t finals() {
    absl::MutexLock lock(&mutex_);
    return finals_.size();
  }

 private:
  absl::Mutex mutex_;
  std::vector<v1::RecognizedText> finals_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::RecognizedText> interims_ ABSL_GUARDED_BY(mutex_);
  int rooms_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

inline v1::RecognizeRequest BeginOf(uint64_t id, const std::string& speaker, uint32_t sample_rate_hz = 16000) {
  v1::RecognizeRequest request;
  request.mutable_begin()->set_utterance_id(id);
  request.mutable_begin()->set_speaker_id(speaker);
  request.mutable_begin()->set_sample_rate_hz(sample_rate_hz);
  return request;
}
inline v1::RecognizeRequest SamplesOf(uint64_t id, std::string samples) {
  v1::RecognizeRequest request;
  request.mutable_samples()->set_utterance_id(id);
  request.mutable_samples()->set_samples(std::move(samples));
  return request;
}
inline v1::RecognizeRequest EndOf(uint64_t id) {
  v1::RecognizeRequest request;
  request.mutable_end()->set_utterance_id(id);
  return request;
}

}  // namespace tutti::speech

#endif  // SPEECH_RECOGNIZER_RECORDING_SINK_H_
