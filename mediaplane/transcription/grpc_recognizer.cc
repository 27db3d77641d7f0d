#include "mediaplane/transcription/grpc_recognizer.h"

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/rpc/client.h"
#include "common/status/grpc_status.h"

namespace tutti::mediaplane {

using speech::v1::RecognizeRequest;
using speech::v1::RecognizeResponse;

// A hold keeps the call open for what comes from outside gRPC's reactions; it is let
// go by the read that fails, or by Cancel when none is under way.
class GrpcRecognizer::Reactor final : public grpc::ClientBidiReactor<RecognizeRequest, RecognizeResponse>,
                                      public Stream {
 public:
  Reactor(Post post, std::shared_ptr<Flights> flights, Handler handler)
      : post_(std::move(post)), flights_(std::move(flights)), handler_(std::move(handler)) {}

  void Start(speech::v1::SpeechService::Stub& stub, std::shared_ptr<Reactor> self) {
    self_ = std::move(self);
    flights_->Add(this, [reactor = self_] { reactor->Cancel(); });
    stub.async()->Recognize(&context_, this);
    AddHold();
    StartRead(&response_);
    StartCall();
  }

  void Write(const RecognizeRequest& request) override {
    absl::MutexLock lock(&mutex_);
    if (over_) return;
    request_ = request;
    StartWrite(&request_);
  }

  void HalfClose() override {
    absl::MutexLock lock(&mutex_);
    if (!over_) StartWritesDone();
  }

  void Next() override {
    absl::MutexLock lock(&mutex_);
    if (over_ || !idle_) return;
    idle_ = false;
    StartRead(&response_);
  }

  void Cancel() override {
    context_.TryCancel();
    {
      absl::MutexLock lock(&mutex_);
      cancelled_ = true;
      if (over_ || !idle_) return;
      over_ = true;
    }
    RemoveHold();
  }

  void OnReadDone(bool ok) override {
    {
      absl::MutexLock lock(&mutex_);
      // Before it is handled: that asks for the next one.
      idle_ = ok && !cancelled_;
      over_ = !idle_;
      if (ok) post_([self = self_, response = response_] { self->handler_.on_message(response); });
      if (idle_) return;
    }
    RemoveHold();
  }

  void OnWriteDone(bool ok) override {
    if (ok) post_([self = self_] { self->handler_.on_written(); });
  }

  void OnDone(const grpc::Status& status) override {
    post_([self = self_, status = FromGrpcStatus(status)] { self->handler_.on_end(status); });
    const std::shared_ptr<Reactor> last = std::move(self_);
    flights_->Remove(this);
  }

 private:
  const Post post_;
  const std::shared_ptr<Flights> flights_;
  const Handler handler_;
  grpc::ClientContext context_;
  RecognizeRequest request_;
  RecognizeResponse response_;
  std::shared_ptr<Reactor> self_;
  absl::Mutex mutex_;
  // A message was handed over and Next() has not come yet.
  bool idle_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  // Nothing may be started any more.
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
};

GrpcRecognizer::GrpcRecognizer(const std::string& address, Post post, std::shared_ptr<const Tls> tls)
    : post_(std::move(post)),
      stub_(speech::v1::SpeechService::NewStub(MakeRpcChannel(address, std::move(tls)))),
      flights_(std::make_shared<Flights>()) {}

GrpcRecognizer::~GrpcRecognizer() { flights_->CancelAndWait(); }

std::shared_ptr<Recognizer::Stream> GrpcRecognizer::Open(Handler handler) {
  auto reactor = std::make_shared<Reactor>(post_, flights_, std::move(handler));
  reactor->Start(*stub_, reactor);
  return reactor;
}

}  // namespace tutti::mediaplane
