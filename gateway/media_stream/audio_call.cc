#include "gateway/media_stream/audio_call.h"

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/status/grpc_status.h"
#include "tutti/media/v1/media_plane.grpc.pb.h"

namespace tutti::gateway::media_stream {
namespace {

using media::v1::MediaPlane;
using media::v1::StreamAudioRequest;
using media::v1::StreamAudioResponse;

// Samples are read one after the other all the time. What is said comes from outside
// gRPC's reactions: a hold keeps the call for it, until the first read that fails.
class Reactor final : public grpc::ClientBidiReactor<StreamAudioRequest, StreamAudioResponse>,
                      public AudioCall,
                      public std::enable_shared_from_this<Reactor> {
 public:
  Reactor(const std::shared_ptr<grpc::Channel>& channel, Handler handler)
      : stub_(MediaPlane::NewStub(channel)), handler_(std::move(handler)) {}

  void Start(const std::string& token) override {
    self_ = shared_from_this();
    request_.set_token(token);
    stub_->async()->StreamAudio(&context_, this);
    AddHold();
    StartWrite(&request_);
    StartRead(&response_);
    StartCall();
  }

  void Say(std::string samples) override {
    absl::MutexLock lock(&mutex_);
    if (over_) return;
    if (writing_) {
      // The token's reaction is still to come.
      next_ = std::move(samples);
      return;
    }
    WriteLocked(std::move(samples));
  }

  void Cancel() override { context_.TryCancel(); }

 private:
  void WriteLocked(std::string samples) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    writing_ = true;
    request_.set_samples(std::move(samples));
    StartWrite(&request_);
  }

  void OnReadInitialMetadataDone(bool ok) override {
    if (ok) handler_.on_begin();
  }

  void OnWriteDone(bool ok) override {
    {
      absl::MutexLock lock(&mutex_);
      writing_ = false;
      if (!ok || over_) return;
      if (std::exchange(token_sent_, true) == false) {
        if (!next_.empty()) WriteLocked(std::exchange(next_, std::string()));
        return;
      }
    }
    handler_.on_said();
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      handler_.on_samples(std::move(*response_.mutable_samples()));
      return StartRead(&response_);
    }
    {
      absl::MutexLock lock(&mutex_);
      over_ = true;
    }
    RemoveHold();
  }

  void OnDone(const grpc::Status& status) override {
    handler_.on_end(FromGrpcStatus(status));
    const std::shared_ptr<Reactor> last = std::move(self_);
  }

  const std::unique_ptr<MediaPlane::Stub> stub_;
  const Handler handler_;
  grpc::ClientContext context_;
  StreamAudioResponse response_;
  StreamAudioRequest request_;  // until it is written
  std::shared_ptr<Reactor> self_;
  absl::Mutex mutex_;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = true;
  bool token_sent_ ABSL_GUARDED_BY(mutex_) = false;
  std::string next_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<AudioCall> AudioCall::Make(const std::shared_ptr<grpc::Channel>& channel, Handler handler) {
  return std::make_shared<Reactor>(channel, std::move(handler));
}

}  // namespace tutti::gateway::media_stream
