#ifndef SPEECH_RECOGNIZER_FAKE_DECODER_H_
#define SPEECH_RECOGNIZER_FAKE_DECODER_H_

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "speech/recognizer/decoder.h"

namespace tutti::speech {

// What tests tell all fake decoders, and see of them. Thread-safe.
class FakeDecoders {
 public:
  // Decoders wait before their next end, or go on.
  void Hold() {
    absl::MutexLock lock(&mutex_);
    held_ = true;
  }
  void Release() {
    absl::MutexLock lock(&mutex_);
    held_ = false;
  }
  void WaitWhileHeld() {
    absl::MutexLock lock(&mutex_);
    ++at_end_;
    const auto free = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !held_; };
    mutex_.Await(absl::Condition(&free));
    --at_end_;
  }
  // Until so many decoders are held.
  void AwaitHeld(int count) {
    absl::MutexLock lock(&mutex_);
    const auto there = [this, count]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return at_end_ >= count; };
    mutex_.Await(absl::Condition(&there));
  }

  // The next so many ends fail; so many makings.
  void FailEnds(int count) {
    absl::MutexLock lock(&mutex_);
    failing_ends_ = count;
  }
  void FailMakes(int count) {
    absl::MutexLock lock(&mutex_);
    failing_makes_ = count;
  }
  bool TakeFailingEnd() {
    absl::MutexLock lock(&mutex_);
    return failing_ends_ > 0 && failing_ends_-- > 0;
  }
  bool TakeFailingMake() {
    absl::MutexLock lock(&mutex_);
    return failing_makes_ > 0 && failing_makes_-- > 0;
  }

  DecoderFactory Factory();

 private:
  absl::Mutex mutex_;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  int at_end_ ABSL_GUARDED_BY(mutex_) = 0;
  int failing_ends_ ABSL_GUARDED_BY(mutex_) = 0;
  int failing_makes_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Understands "N" of N samples, and learns their number of whom it heard.
class FakeDecoder final : public Decoder {
 public:
  explicit FakeDecoder(FakeDecoders& all) : all_(all) {}

  absl::Status Begin(const SpeakerProfile& profile, int) override {
    samples_ = 0;
    known_ = profile;
    return absl::OkStatus();
  }
  absl::Status Feed(std::span<const int16_t> samples) override {
    samples_ += samples.size();
    return absl::OkStatus();
  }
  std::string Interim() override { return absl::StrCat("so far ", samples_); }
  absl::StatusOr<Transcript> End(SpeakerProfile& profile) override {
    all_.WaitWhileHeld();
    if (all_.TakeFailingEnd()) return absl::InternalError("a fake failure");
    if (samples_ == 0) return Transcript{};
    profile = {static_cast<float>(samples_)};
    std::string known = known_.empty() ? "nobody" : absl::StrCat(known_[0]);
    return Transcript{absl::StrCat(samples_, " after ", known), 0.5F};
  }

 private:
  FakeDecoders& all_;
  size_t samples_ = 0;
  SpeakerProfile known_;
};

inline DecoderFactory FakeDecoders::Factory() {
  return [this]() -> absl::StatusOr<std::unique_ptr<Decoder>> {
    if (TakeFailingMake()) return absl::NotFoundError("no fake model");
    return std::make_unique<FakeDecoder>(*this);
  };
}

}  // namespace tutti::speech

#endif  // SPEECH_RECOGNIZER_FAKE_DECODER_H_
