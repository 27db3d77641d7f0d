#include "mediaplane/transcription/grpc_recognizer.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/status/status.h"
#include "mediaplane/node/control_thread.h"
#include "speech/testing/fake_speech_server.h"

namespace tutti::mediaplane {
namespace {

using speech::v1::RecognizeRequest;

// A stream as its user sees it.
class User {
 public:
  Recognizer::Handler Handler() {
    Recognizer::Handler handler;
    handler.on_message = [this](const speech::v1::RecognizeResponse& message) {
      absl::MutexLock lock(&mutex_);
      messages_.push_back(message);
    };
    handler.on_written = [this] {
      absl::MutexLock lock(&mutex_);
      ++written_;
    };
    handler.on_end = [this](const absl::Status& status) {
      absl::MutexLock lock(&mutex_);
      EXPECT_FALSE(end_.has_value());
      end_ = status;
    };
    return handler;
  }

  void WaitForMessages(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto there = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return messages_.size() >= count; };
    mutex_.Await(absl::Condition(&there));
  }
  void WaitForWritten(int count) {
    absl::MutexLock lock(&mutex_);
    const auto there = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return written_ >= count; };
    mutex_.Await(absl::Condition(&there));
  }
  absl::Status WaitForEnd() {
    absl::MutexLock lock(&mutex_);
    const auto there = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return end_.has_value(); };
    mutex_.Await(absl::Condition(&there));
    return *end_;
  }
  std::vector<speech::v1::RecognizeResponse> messages() {
    absl::MutexLock lock(&mutex_);
    return messages_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<speech::v1::RecognizeResponse> messages_ ABSL_GUARDED_BY(mutex_);
  int written_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

RecognizeRequest Head(const std::string& language = "en-US") {
  RecognizeRequest request;
  request.mutable_head()->set_language(language);
  return request;
}

class GrpcRecognizerTest : public testing::Test {
 protected:
  speech::FakeSpeechServer server_;
  User user_;
  ControlThread thread_{[] { return absl::InfiniteDuration(); }};
  std::unique_ptr<GrpcRecognizer> recognizer_ = std::make_unique<GrpcRecognizer>(
      server_.Address(), [this](std::function<void()> task) { thread_.Post(std::move(task)); });
};

TEST_F(GrpcRecognizerTest, AnUtteranceGoesThereAndItsTextComesBack) {
  server_.Understand([](const auto& utterance) { return utterance.speaker_id + " said " + utterance.samples; });
  const auto stream = recognizer_->Open(user_.Handler());
  int written = 0;
  const auto write = [&](const RecognizeRequest& request) {
    stream->Write(request);
    user_.WaitForWritten(++written);
  };
  write(Head());
  user_.WaitForMessages(1);
  EXPECT_EQ(user_.messages()[0].started().provider(), "fake");
  stream->Next();
  RecognizeRequest request;
  request.mutable_begin()->set_utterance_id(7);
  request.mutable_begin()->set_speaker_id("ann");
  write(request);
  request.mutable_samples()->set_utterance_id(7);
  request.mutable_samples()->set_samples("1234");
  write(request);
  request.mutable_end()->set_utterance_id(7);
  write(request);
  user_.WaitForMessages(2);
  EXPECT_EQ(user_.messages()[1].text().text(), "ann said 1234");
  stream->HalfClose();
  stream->Next();
  EXPECT_TRUE(user_.WaitForEnd().ok());
  // Nothing is left of it.
  stream->Write(request);
  stream->Next();
  stream->Cancel();
}

TEST_F(GrpcRecognizerTest, ARefusalHasItsReason) {
  const auto stream = recognizer_->Open(user_.Handler());
  stream->Write(Head("de-DE"));
  EXPECT_EQ(GetErrorDetail(user_.WaitForEnd()).reason, "LANGUAGE_NOT_SUPPORTED");
}

TEST_F(GrpcRecognizerTest, AServerThatIsAwayOrDiesEndsTheStream) {
  const auto stream = recognizer_->Open(user_.Handler());
  stream->Write(Head());
  user_.WaitForMessages(1);
  server_.Kill();
  stream->Next();
  EXPECT_FALSE(user_.WaitForEnd().ok());
  User other;
  const auto none = recognizer_->Open(other.Handler());
  none->Write(Head());
  EXPECT_EQ(other.WaitForEnd().code(), absl::StatusCode::kUnavailable);
}

TEST_F(GrpcRecognizerTest, ACancelEndsItWhetherItIsReadOrNot) {
  const auto read = recognizer_->Open(user_.Handler());
  read->Write(Head());
  user_.WaitForMessages(1);
  read->Next();
  read->Cancel();
  EXPECT_EQ(user_.WaitForEnd().code(), absl::StatusCode::kCancelled);
  User other;
  const auto unread = recognizer_->Open(other.Handler());
  unread->Write(Head());
  other.WaitForMessages(1);
  unread->Cancel();
  EXPECT_EQ(other.WaitForEnd().code(), absl::StatusCode::kCancelled);
}

TEST_F(GrpcRecognizerTest, ItsEndEndsWhatIsOpen) {
  const auto stream = recognizer_->Open(user_.Handler());
  stream->Write(Head());
  user_.WaitForMessages(1);
  User other;
  const auto fresh = recognizer_->Open(other.Handler());
  recognizer_.reset();
  EXPECT_FALSE(user_.WaitForEnd().ok());
  EXPECT_FALSE(other.WaitForEnd().ok());
  stream->Next();
  fresh->Write(Head());
}

}  // namespace
}  // namespace tutti::mediaplane
