#include "mediaplane/service/media_plane_service.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "mediaplane/service/audio_reactor.h"
#include "mediaplane/service/command_log.h"
#include "mediaplane/service/file_reactor.h"
#include "mediaplane/service/sound_reactor.h"
#include "mediaplane/service/watch_reactor.h"

namespace tutti::mediaplane {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using grpc::ServerWriteReactor;

absl::Status TooMany(const char* what) { return Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY", what); }

// A stream that is refused at once.
template <typename Response>
class RefusedStream final : public ServerWriteReactor<Response> {
 public:
  explicit RefusedStream(const absl::Status& status) { this->Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

// One Snapshot stream: taken in one task of the control thread, then written
// message by message as the client reads.
class SnapshotReactor final : public ServerWriteReactor<media::v1::SnapshotResponse> {
 public:
  SnapshotReactor(Node& node, ControlThread& thread, std::atomic<int>& streams) : streams_(streams) {
    thread.Post([this, &node] {
      messages_ = node.Snapshot();
      StartWrite(&messages_[0]);
    });
  }

 private:
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(ToGrpcStatus(absl::CancelledError("the snapshot was cancelled")));
    if (++written_ == messages_.size()) return Finish(grpc::Status::OK);
    StartWrite(&messages_[written_]);
  }

  void OnDone() override {
    --streams_;
    delete this;
  }

  std::atomic<int>& streams_;
  std::vector<media::v1::SnapshotResponse> messages_;
  size_t written_ = 0;
};

class RefusedAudio final
    : public grpc::ServerBidiReactor<media::v1::StreamAudioRequest, media::v1::StreamAudioResponse> {
 public:
  explicit RefusedAudio(const absl::Status& status) { Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

class RefusedUpload final : public grpc::ServerReadReactor<media::v1::PutSoundRequest> {
 public:
  explicit RefusedUpload(const absl::Status& status) { Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

template <typename Response>
ServerUnaryReactor* MediaPlaneService::Answer(CallbackServerContext* context, Response* response,
                                              std::function<absl::StatusOr<Response>()> call) {
  ServerUnaryReactor* reactor = context->DefaultReactor();
  const bool posted = thread_.TryPost([reactor, response, call = std::move(call)] {
    auto result = call();
    if (result.ok()) *response = *std::move(result);
    reactor->Finish(ToGrpcStatus(result.status()));
  });
  if (!posted) reactor->Finish(ToGrpcStatus(TooMany("too many commands wait: try later")));
  return reactor;
}

template <typename Response>
ServerUnaryReactor* MediaPlaneService::Carry(CallbackServerContext* context, Response* response, const std::string& id,
                                             std::function<absl::StatusOr<Response>()> command) {
  return Answer<Response>(context, response, [trace = ReadTrace(*context), id, command = std::move(command)] {
    auto result = command();
    LogCommand(trace, Response::descriptor()->full_name(), id, result.status());
    return result;
  });
}

ServerUnaryReactor* MediaPlaneService::PutBridge(CallbackServerContext* context,
                                                 const media::v1::PutBridgeRequest* request,
                                                 media::v1::BridgeState* response) {
  return Carry<media::v1::BridgeState>(context, response, request->bridge_id(),
                                       [this, request] { return node_.PutBridge(*request); });
}

ServerUnaryReactor* MediaPlaneService::RemoveBridge(CallbackServerContext* context,
                                                    const media::v1::RemoveBridgeRequest* request,
                                                    media::v1::BridgeState* response) {
  return Carry<media::v1::BridgeState>(context, response, request->bridge_id(),
                                       [this, request] { return node_.RemoveBridge(*request); });
}

ServerUnaryReactor* MediaPlaneService::PutLeg(CallbackServerContext* context, const media::v1::PutLegRequest* request,
                                              media::v1::LegState* response) {
  return Carry<media::v1::LegState>(context, response, request->leg_id(),
                                    [this, request] { return node_.PutLeg(*request); });
}

ServerUnaryReactor* MediaPlaneService::RemoveLeg(CallbackServerContext* context,
                                                 const media::v1::RemoveLegRequest* request,
                                                 media::v1::LegState* response) {
  return Carry<media::v1::LegState>(context, response, request->leg_id(),
                                    [this, request] { return node_.RemoveLeg(*request); });
}

ServerUnaryReactor* MediaPlaneService::GetLeg(CallbackServerContext* context, const media::v1::GetLegRequest* request,
                                              media::v1::LegState* response) {
  return Answer<media::v1::LegState>(context, response, [this, request] { return node_.GetLeg(*request); });
}

ServerUnaryReactor* MediaPlaneService::GetNode(CallbackServerContext* context, const media::v1::GetNodeRequest*,
                                               media::v1::NodeState* response) {
  return Answer<media::v1::NodeState>(context, response, [this] { return node_.GetNode(); });
}

ServerWriteReactor<media::v1::WatchResponse>* MediaPlaneService::Watch(CallbackServerContext*,
                                                                       const media::v1::WatchRequest* request) {
  if (++streams_ > kStreamsMax) {
    --streams_;
    return new RefusedStream<media::v1::WatchResponse>(TooMany("too many streams are open"));
  }
  return new WatchReactor(node_.log(), thread_, *request, streams_);
}

ServerWriteReactor<media::v1::SnapshotResponse>* MediaPlaneService::Snapshot(CallbackServerContext*,
                                                                             const media::v1::SnapshotRequest*) {
  if (++streams_ > kStreamsMax) {
    --streams_;
    return new RefusedStream<media::v1::SnapshotResponse>(TooMany("too many streams are open"));
  }
  return new SnapshotReactor(node_, thread_, streams_);
}

ServerWriteReactor<media::v1::WatchLiveResponse>* MediaPlaneService::WatchLive(CallbackServerContext*,
                                                                               const media::v1::WatchLiveRequest*) {
  if (++streams_ > kStreamsMax) {
    --streams_;
    return new RefusedStream<media::v1::WatchLiveResponse>(TooMany("too many streams are open"));
  }
  return new WatchLiveReactor(node_.live_log(), node_.log().epoch(), thread_, streams_);
}

grpc::ServerReadReactor<media::v1::PutSoundRequest>* MediaPlaneService::PutSound(CallbackServerContext*,
                                                                                 media::v1::SoundState* response) {
  if (++uploads_ > kUploadsMax) {
    --uploads_;
    return new RefusedUpload(TooMany("too many sounds are on their way: try later"));
  }
  return new SoundReactor(node_, thread_, response, uploads_);
}

ServerUnaryReactor* MediaPlaneService::GetSound(CallbackServerContext* context,
                                                const media::v1::GetSoundRequest* request,
                                                media::v1::SoundState* response) {
  return Answer<media::v1::SoundState>(context, response,
                                       [this, request] { return node_.GetSound(request->sha256()); });
}

ServerUnaryReactor* MediaPlaneService::PlayAudio(CallbackServerContext* context,
                                                 const media::v1::PlayAudioRequest* request,
                                                 media::v1::AudioState* response) {
  return Answer<media::v1::AudioState>(context, response, [this, request] { return node_.PlayAudio(*request); });
}

ServerUnaryReactor* MediaPlaneService::PutRecording(CallbackServerContext* context,
                                                    const media::v1::PutRecordingRequest* request,
                                                    media::v1::RecordingState* response) {
  return Carry<media::v1::RecordingState>(context, response, request->recording_id(),
                                          [this, request] { return node_.PutRecording(*request); });
}

ServerUnaryReactor* MediaPlaneService::DeleteRecording(CallbackServerContext* context,
                                                       const media::v1::DeleteRecordingRequest* request,
                                                       media::v1::DeleteRecordingResponse* response) {
  return Carry<media::v1::DeleteRecordingResponse>(context, response, request->recording_id(),
                                                   [this, request] { return node_.DeleteRecording(*request); });
}

ServerWriteReactor<media::v1::ReadRecordingFileResponse>* MediaPlaneService::ReadRecordingFile(
    CallbackServerContext*, const media::v1::ReadRecordingFileRequest* request) {
  if (++files_ > kFilesMax) {
    --files_;
    return new RefusedStream<media::v1::ReadRecordingFileResponse>(TooMany("too many files are read: try later"));
  }
  return new FileReactor(node_, thread_, readers_, *request, files_);
}

ServerUnaryReactor* MediaPlaneService::StopAudio(CallbackServerContext* context,
                                                 const media::v1::StopAudioRequest* request,
                                                 media::v1::StopAudioResponse* response) {
  return Answer<media::v1::StopAudioResponse>(context, response, [this, request] { return node_.StopAudio(*request); });
}

ServerUnaryReactor* MediaPlaneService::PutTranscription(CallbackServerContext* context,
                                                        const media::v1::PutTranscriptionRequest* request,
                                                        media::v1::TranscriptionState* response) {
  return Carry<media::v1::TranscriptionState>(context, response, request->transcription_id(),
                                              [this, request] { return node_.PutTranscription(*request); });
}

ServerUnaryReactor* MediaPlaneService::OpenAudioStream(CallbackServerContext* context,
                                                       const media::v1::OpenAudioStreamRequest* request,
                                                       media::v1::OpenAudioStreamResponse* response) {
  return Answer<media::v1::OpenAudioStreamResponse>(context, response,
                                                    [this, request] { return node_.OpenAudioStream(*request); });
}

grpc::ServerBidiReactor<media::v1::StreamAudioRequest, media::v1::StreamAudioResponse>* MediaPlaneService::StreamAudio(
    CallbackServerContext* context) {
  if (++audio_streams_ > kAudioStreamsMax) {
    --audio_streams_;
    return new RefusedAudio(TooMany("too many audio streams are open"));
  }
  return new AudioReactor(context, node_, thread_, pump_, audio_streams_);
}

}  // namespace tutti::mediaplane
