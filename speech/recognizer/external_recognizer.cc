#include "speech/recognizer/external_recognizer.h"

#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "grpcpp/support/client_callback.h"
#include "speech/recognizer/text.h"

namespace tutti::speech {
namespace {

absl::Status Broken(const std::string& provider, std::string_view why) {
  return Error(absl::StatusCode::kUnavailable, "PROVIDER_UNAVAILABLE",
               absl::StrCat("the recogniser ", provider, " broke the stream: ", std::string(why)));
}

// One stream to the other server, with one message on its way there at a time. It
// lives until gRPC is done with it; Handle is what its user has of it.
class ExternalStream final : public grpc::ClientBidiReactor<v1::RecognizeRequest, v1::RecognizeResponse>,
                             public std::enable_shared_from_this<ExternalStream> {
 public:
  ExternalStream(std::string provider, std::shared_ptr<TextSink> sink)
      : provider_(std::move(provider)), sink_(std::move(sink)) {}

  void Begin(v1::SpeechService::Stub& stub, const v1::RecognizeHead& head) {
    self_ = shared_from_this();
    absl::MutexLock lock(&mutex_);
    stub.async()->Recognize(&context_, this);
    request_.mutable_head()->set_language(head.language());
    request_.mutable_head()->set_interim(head.interim());
    writing_ = true;
    StartWrite(&request_);
    StartRead(&response_);
    StartCall();
  }

  bool Send(const v1::RecognizeRequest& message) {
    absl::MutexLock lock(&mutex_);
    if (ended_) return true;
    if (message.has_begin()) open_[message.begin().utterance_id()] = false;
    if (message.has_end()) open_[message.end().utterance_id()] = true;
    if (writing_) {
      // The head is on its way, or an end follows an end that is.
      waiting_.push_back(message);
    } else {
      Write(message);
    }
    return false;
  }

  void Finish() {
    absl::MutexLock lock(&mutex_);
    finishing_ = true;
    if (!writing_ && !ended_) StartWritesDone();
  }

  // Its sink will still hear of the end.
  void Cancel() { context_.TryCancel(); }

 private:
  void Write(v1::RecognizeRequest message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    request_ = std::move(message);
    writing_ = true;
    StartWrite(&request_);
  }

  void OnWriteDone(bool ok) override {
    {
      absl::MutexLock lock(&mutex_);
      writing_ = false;
      // OnDone says why.
      if (!ok || ended_) return;
      if (!waiting_.empty()) {
        Write(std::move(waiting_.front()));
        waiting_.pop_front();
        return;
      }
      if (finishing_) {
        StartWritesDone();
        return;
      }
    }
    sink_->OnRoom();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    {
      absl::MutexLock lock(&mutex_);
      const absl::Status fine = Check();
      if (!fine.ok()) {
        broken_ = fine;
        context_.TryCancel();
        return;
      }
    }
    if (response_.has_text()) sink_->OnText(std::move(*response_.mutable_text()));
    StartRead(&response_);
  }

  // Holds what has come to the contract.
  absl::Status Check() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (response_.has_started() == started_) return Broken(provider_, "it does not begin with one head");
    started_ = true;
    if (!response_.has_text()) return absl::OkStatus();
    v1::RecognizedText& text = *response_.mutable_text();
    const auto found = open_.find(text.utterance_id());
    if (found == open_.end()) {
      return Broken(provider_, absl::StrCat("a text of utterance ", text.utterance_id(), ", which needs none"));
    }
    if (text.text().size() > kTextBytesMax) return Broken(provider_, "a text is longer than 8 KiB");
    if (!(text.confidence() >= 0 && text.confidence() <= 1)) text.set_confidence(0);
    if (!text.final()) return absl::OkStatus();
    if (!found->second) {
      return Broken(provider_, absl::StrCat("a final text of utterance ", text.utterance_id(), " before its end"));
    }
    open_.erase(found);
    return absl::OkStatus();
  }

  void OnDone(const grpc::Status& status) override {
    absl::Status end;
    {
      absl::MutexLock lock(&mutex_);
      ended_ = true;
      if (!broken_.ok()) {
        end = broken_;
      } else if (!status.ok()) {
        end = FromGrpcStatus(status);
        // What it says of our requests is our client's; its other troubles are one.
        if (!absl::IsInvalidArgument(end) && !absl::IsResourceExhausted(end))
          end = Broken(provider_, std::string(end.message()));
      } else if (!finishing_ || !open_.empty()) {
        end = Broken(provider_, "it ended before all was answered");
      }
    }
    sink_->OnEnd(end);
    // Maybe the last one to hold it.
    const auto self = std::move(self_);
  }

  const std::string provider_;
  std::shared_ptr<TextSink> sink_;
  grpc::ClientContext context_;
  std::shared_ptr<ExternalStream> self_;
  // gRPC's while a read, or a write, is on its way.
  v1::RecognizeResponse response_;

  absl::Mutex mutex_;
  v1::RecognizeRequest request_ ABSL_GUARDED_BY(mutex_);
  std::deque<v1::RecognizeRequest> waiting_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status broken_ ABSL_GUARDED_BY(mutex_);
  // Utterances without a final text; true: they have ended.
  std::map<uint64_t, bool> open_ ABSL_GUARDED_BY(mutex_);
};

class Handle final : public RecognitionStream {
 public:
  explicit Handle(std::shared_ptr<ExternalStream> stream) : stream_(std::move(stream)) {}
  ~Handle() override { stream_->Cancel(); }

  absl::StatusOr<bool> Send(const v1::RecognizeRequest& message) override { return stream_->Send(message); }
  bool Finish() override {
    stream_->Finish();
    return false;
  }

 private:
  const std::shared_ptr<ExternalStream> stream_;
};

}  // namespace

ExternalRecognizer::ExternalRecognizer(std::string name, std::vector<std::string> languages,
                                       std::shared_ptr<grpc::Channel> channel)
    : name_(std::move(name)),
      languages_(std::move(languages)),
      channel_(std::move(channel)),
      stub_(v1::SpeechService::NewStub(channel_)) {}

bool ExternalRecognizer::available() const {
  const grpc_connectivity_state state = channel_->GetState(true);
  return state != GRPC_CHANNEL_TRANSIENT_FAILURE && state != GRPC_CHANNEL_SHUTDOWN;
}

std::unique_ptr<RecognitionStream> ExternalRecognizer::Start(const v1::RecognizeHead& head,
                                                             std::shared_ptr<TextSink> sink) {
  const auto stream = std::make_shared<ExternalStream>(name_, std::move(sink));
  stream->Begin(*stub_, head);
  return std::make_unique<Handle>(stream);
}

}  // namespace tutti::speech
