#include "control/media/grpc_node_client.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "common/rpc/client.h"
#include "common/status/grpc_status.h"

namespace tutti::control {
namespace {

using media::v1::MediaPlane;

constexpr auto kUnaryDeadline = std::chrono::seconds(2);
constexpr auto kSnapshotDeadline = std::chrono::seconds(10);
constexpr auto kUploadDeadline = std::chrono::seconds(20);

// Samples in one message of an upload, bytes; the node takes at most 1 MiB.
constexpr size_t kUploadPieceBytes = size_t{256} << 10;

// More than any node holds; a snapshot with more is not believed.
constexpr int kSnapshotItemsMax = 1'000'000;

}  // namespace

// A hold keeps the call open for Next(), which comes from outside gRPC's
// reactions; it is let go by the read that fails, or by Cancel when none is due.
template <typename Request, typename Response, typename Handler>
class GrpcNodeClient::WatchReactor final : public grpc::ClientReadReactor<Response>, public Stream {
 public:
  using Method = void (MediaPlane::StubInterface::async_interface::*)(grpc::ClientContext*, const Request*,
                                                                      grpc::ClientReadReactor<Response>*);

  WatchReactor(TaskQueue& queue, std::shared_ptr<Flights> flights, Handler handler)
      : queue_(queue), flights_(std::move(flights)), handler_(std::move(handler)) {}

  void Start(MediaPlane::Stub& stub, Method method, const Request& request, std::shared_ptr<WatchReactor> self) {
    self_ = std::move(self);
    request_ = request;
    flights_->Add(this, [reactor = self_] { reactor->Cancel(); });
    MediaPlane::StubInterface::async_interface* async = stub.async();
    (async->*method)(&context_, &request_, this);
    this->AddHold();
    this->StartRead(&response_);
    this->StartCall();
  }

  void Next() override {
    absl::MutexLock lock(&mutex_);
    if (!idle_) return;
    idle_ = false;
    this->StartRead(&response_);
  }

  void Cancel() override {
    context_.TryCancel();
    {
      absl::MutexLock lock(&mutex_);
      cancelled_ = true;
      if (!idle_) return;
      idle_ = false;
    }
    this->RemoveHold();
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      absl::MutexLock lock(&mutex_);
      idle_ = !cancelled_;
      queue_.Post([self = self_, response = response_] { self->handler_.on_message(response); });
      if (idle_) return;
    }
    this->RemoveHold();
  }

  void OnDone(const grpc::Status& status) override {
    queue_.Post([self = self_, status = FromGrpcStatus(status)] { self->handler_.on_end(status); });
    const std::shared_ptr<WatchReactor> last = std::move(self_);
    flights_->Remove(this);
  }

 private:
  TaskQueue& queue_;
  const std::shared_ptr<Flights> flights_;
  const Handler handler_;
  grpc::ClientContext context_;
  Request request_;
  Response response_;
  std::shared_ptr<WatchReactor> self_;
  absl::Mutex mutex_;
  // A message was handed over and Next() has not come yet.
  bool idle_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

class GrpcNodeClient::SnapshotReactor final : public grpc::ClientReadReactor<media::v1::SnapshotResponse> {
 public:
  SnapshotReactor(TaskQueue& queue, std::shared_ptr<Flights> flights, Done<NodeSnapshot> done)
      : queue_(queue), flights_(std::move(flights)), done_(std::move(done)) {}

  void Start(MediaPlane::Stub& stub, std::shared_ptr<SnapshotReactor> self) {
    self_ = std::move(self);
    flights_->Add(this, [reactor = self_] { reactor->context_.TryCancel(); });
    context_.set_deadline(std::chrono::system_clock::now() + kSnapshotDeadline);
    stub.async()->Snapshot(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    switch (response_.kind_case()) {
      case media::v1::SnapshotResponse::kHead:
        has_head_ = true;
        snapshot_.epoch = response_.head().epoch();
        snapshot_.sequence = response_.head().sequence();
        break;
      case media::v1::SnapshotResponse::kBridge:
        snapshot_.bridges.push_back(std::move(*response_.mutable_bridge()));
        break;
      case media::v1::SnapshotResponse::kLeg:
        snapshot_.legs.push_back(std::move(*response_.mutable_leg()));
        break;
      case media::v1::SnapshotResponse::kRecording:
        snapshot_.recordings.push_back(std::move(*response_.mutable_recording()));
        break;
      case media::v1::SnapshotResponse::kTranscription:
        snapshot_.transcriptions.push_back(std::move(*response_.mutable_transcription()));
        break;
      case media::v1::SnapshotResponse::KIND_NOT_SET:
        break;
    }
    if (++items_ > kSnapshotItemsMax) context_.TryCancel();
    StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    absl::StatusOr<NodeSnapshot> result = absl::InternalError("the media node's snapshot has no head");
    if (!status.ok()) {
      result = FromGrpcStatus(status);
    } else if (has_head_) {
      result = std::move(snapshot_);
    }
    queue_.Post([done = std::move(done_), result = std::move(result)]() mutable { done(std::move(result)); });
    const std::shared_ptr<SnapshotReactor> last = std::move(self_);
    flights_->Remove(this);
  }

 private:
  TaskQueue& queue_;
  const std::shared_ptr<Flights> flights_;
  Done<NodeSnapshot> done_;
  grpc::ClientContext context_;
  const media::v1::SnapshotRequest request_;
  media::v1::SnapshotResponse response_;
  NodeSnapshot snapshot_;
  std::shared_ptr<SnapshotReactor> self_;
  bool has_head_ = false;
  int items_ = 0;
};

// The head, then piece after piece; a node that has the sound answers before the
// last one.
class GrpcNodeClient::UploadReactor final : public grpc::ClientWriteReactor<media::v1::PutSoundRequest> {
 public:
  UploadReactor(TaskQueue& queue, std::shared_ptr<Flights> flights, std::shared_ptr<const SoundData> sound,
                Done<media::v1::SoundState> done)
      : queue_(queue), flights_(std::move(flights)), sound_(std::move(sound)), done_(std::move(done)) {}

  void Start(MediaPlane::Stub& stub, std::shared_ptr<UploadReactor> self) {
    self_ = std::move(self);
    flights_->Add(this, [reactor = self_] { reactor->context_.TryCancel(); });
    context_.set_deadline(std::chrono::system_clock::now() + kUploadDeadline);
    stub.async()->PutSound(&context_, &reply_, this);
    request_.mutable_head()->set_sha256(sound_->sha256);
    request_.mutable_head()->set_sample_rate_hz(sound_->sample_rate_hz);
    StartWrite(&request_);
    StartCall();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return;
    if (sent_ == sound_->samples.size()) {
      StartWritesDone();
      return;
    }
    const size_t size = std::min(kUploadPieceBytes, sound_->samples.size() - sent_);
    request_.set_samples(sound_->samples.data() + sent_, size);
    sent_ += size;
    StartWrite(&request_);
  }

  void OnDone(const grpc::Status& status) override {
    absl::StatusOr<media::v1::SoundState> result = std::move(reply_);
    if (!status.ok()) result = FromGrpcStatus(status);
    queue_.Post([done = std::move(done_), result = std::move(result)]() mutable { done(std::move(result)); });
    const std::shared_ptr<UploadReactor> last = std::move(self_);
    flights_->Remove(this);
  }

 private:
  TaskQueue& queue_;
  const std::shared_ptr<Flights> flights_;
  const std::shared_ptr<const SoundData> sound_;
  Done<media::v1::SoundState> done_;
  grpc::ClientContext context_;
  media::v1::PutSoundRequest request_;
  media::v1::SoundState reply_;
  size_t sent_ = 0;
  std::shared_ptr<UploadReactor> self_;
};

GrpcNodeClient::GrpcNodeClient(const std::string& address, TaskQueue& queue, std::shared_ptr<const Tls> tls)
    : queue_(queue),
      stub_(MediaPlane::NewStub(MakeRpcChannel(address, std::move(tls)))),
      flights_(std::make_shared<Flights>()) {}

GrpcNodeClient::~GrpcNodeClient() { flights_->CancelAndWait(); }

template <typename Request, typename Reply>
void GrpcNodeClient::Unary(void (MediaPlane::StubInterface::async_interface::*method)(
                               grpc::ClientContext*, const Request*, Reply*, std::function<void(grpc::Status)>),
                           const Request& request, Done<Reply> done, const std::string& traceparent) {
  struct Call {
    grpc::ClientContext context;
    Request request;
    Reply reply;
  };
  auto call = std::make_shared<Call>();
  call->request = request;
  call->context.set_deadline(std::chrono::system_clock::now() + kUnaryDeadline);
  if (!traceparent.empty()) call->context.AddMetadata("traceparent", traceparent);
  flights_->Add(call.get(), [call] { call->context.TryCancel(); });
  MediaPlane::StubInterface::async_interface* stub = stub_->async();
  (stub->*method)(
      &call->context, &call->request, &call->reply,
      [this, call, flights = flights_, done = std::move(done)](const grpc::Status& status) mutable {
        absl::StatusOr<Reply> result = std::move(call->reply);
        if (!status.ok()) result = FromGrpcStatus(status);
        queue_.Post([done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
        flights->Remove(call.get());
      });
}

void GrpcNodeClient::PutBridge(const media::v1::PutBridgeRequest& request, const std::string& traceparent,
                               Done<media::v1::BridgeState> done) {
  Unary(&MediaPlane::StubInterface::async_interface::PutBridge, request, std::move(done), traceparent);
}

void GrpcNodeClient::RemoveBridge(const media::v1::RemoveBridgeRequest& request, const std::string& traceparent,
                                  Done<media::v1::BridgeState> done) {
  Unary(&MediaPlane::StubInterface::async_interface::RemoveBridge, request, std::move(done), traceparent);
}

void GrpcNodeClient::PutLeg(const media::v1::PutLegRequest& request, const std::string& traceparent,
                            Done<media::v1::LegState> done) {
  Unary(&MediaPlane::StubInterface::async_interface::PutLeg, request, std::move(done), traceparent);
}

void GrpcNodeClient::RemoveLeg(const media::v1::RemoveLegRequest& request, const std::string& traceparent,
                               Done<media::v1::LegState> done) {
  Unary(&MediaPlane::StubInterface::async_interface::RemoveLeg, request, std::move(done), traceparent);
}

void GrpcNodeClient::GetLeg(const media::v1::GetLegRequest& request, Done<media::v1::LegState> done) {
  Unary(&MediaPlane::StubInterface::async_interface::GetLeg, request, std::move(done));
}

void GrpcNodeClient::GetNode(const media::v1::GetNodeRequest& request, Done<media::v1::NodeState> done) {
  Unary(&MediaPlane::StubInterface::async_interface::GetNode, request, std::move(done));
}

void GrpcNodeClient::PutSound(std::shared_ptr<const SoundData> sound, Done<media::v1::SoundState> done) {
  auto reactor = std::make_shared<UploadReactor>(queue_, flights_, std::move(sound), std::move(done));
  reactor->Start(*stub_, reactor);
}

void GrpcNodeClient::GetSound(const media::v1::GetSoundRequest& request, Done<media::v1::SoundState> done) {
  Unary(&MediaPlane::StubInterface::async_interface::GetSound, request, std::move(done));
}

void GrpcNodeClient::PlayAudio(const media::v1::PlayAudioRequest& request, Done<media::v1::AudioState> done) {
  Unary(&MediaPlane::StubInterface::async_interface::PlayAudio, request, std::move(done));
}

void GrpcNodeClient::StopAudio(const media::v1::StopAudioRequest& request, Done<media::v1::StopAudioResponse> done) {
  Unary(&MediaPlane::StubInterface::async_interface::StopAudio, request, std::move(done));
}

void GrpcNodeClient::PutRecording(const media::v1::PutRecordingRequest& request, const std::string& traceparent,
                                  Done<media::v1::RecordingState> done) {
  Unary(&MediaPlane::StubInterface::async_interface::PutRecording, request, std::move(done), traceparent);
}

void GrpcNodeClient::DeleteRecording(const media::v1::DeleteRecordingRequest& request, const std::string& traceparent,
                                     Done<media::v1::DeleteRecordingResponse> done) {
  Unary(&MediaPlane::StubInterface::async_interface::DeleteRecording, request, std::move(done), traceparent);
}

void GrpcNodeClient::PutTranscription(const media::v1::PutTranscriptionRequest& request, const std::string& traceparent,
                                      Done<media::v1::TranscriptionState> done) {
  Unary(&MediaPlane::StubInterface::async_interface::PutTranscription, request, std::move(done), traceparent);
}

void GrpcNodeClient::OpenAudioStream(const media::v1::OpenAudioStreamRequest& request,
                                     Done<media::v1::OpenAudioStreamResponse> done) {
  Unary(&MediaPlane::StubInterface::async_interface::OpenAudioStream, request, std::move(done));
}

void GrpcNodeClient::Snapshot(Done<NodeSnapshot> done) {
  auto reactor = std::make_shared<SnapshotReactor>(queue_, flights_, std::move(done));
  reactor->Start(*stub_, reactor);
}

std::shared_ptr<GrpcNodeClient::Stream> GrpcNodeClient::Watch(const media::v1::WatchRequest& request,
                                                              WatchHandler handler) {
  auto reactor = std::make_shared<WatchReactor<media::v1::WatchRequest, media::v1::WatchResponse, WatchHandler>>(
      queue_, flights_, std::move(handler));
  reactor->Start(*stub_, &MediaPlane::StubInterface::async_interface::Watch, request, reactor);
  return reactor;
}

std::shared_ptr<GrpcNodeClient::Stream> GrpcNodeClient::WatchLive(LiveHandler handler) {
  auto reactor = std::make_shared<WatchReactor<media::v1::WatchLiveRequest, media::v1::WatchLiveResponse, LiveHandler>>(
      queue_, flights_, std::move(handler));
  reactor->Start(*stub_, &MediaPlane::StubInterface::async_interface::WatchLive, {}, reactor);
  return reactor;
}

}  // namespace tutti::control
