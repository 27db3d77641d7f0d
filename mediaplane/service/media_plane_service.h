#ifndef MEDIAPLANE_SERVICE_MEDIA_PLANE_SERVICE_H_
#define MEDIAPLANE_SERVICE_MEDIA_PLANE_SERVICE_H_

#include <atomic>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "mediaplane/node/control_thread.h"
#include "mediaplane/node/node.h"
#include "mediaplane/recording/work_threads.h"
#include "mediaplane/stream/audio_pump.h"
#include "tutti/media/v1/media_plane.grpc.pb.h"

namespace tutti::mediaplane {

// The node as a gRPC service. Every request is a task of the control thread and
// is answered from there, so commands on one connection keep their order.
class MediaPlaneService final : public media::v1::MediaPlane::CallbackService {
 public:
  // Watch and Snapshot streams open at the same time, all clients together.
  static constexpr int kStreamsMax = 64;
  // Uploads of sounds at the same time, each of SoundUpload::kBytesMax at most.
  static constexpr int kUploadsMax = 4;
  // Calls of StreamAudio; the node bounds those that have a token.
  static constexpr int kAudioStreamsMax = 12'000;
  // Files of recordings that are read at the same time, and how many disks' waits at once.
  static constexpr int kFilesMax = 64;
  static constexpr int kReaders = 2;

  // All outlive the service; the server that has it ends before `thread` and `pump`.
  MediaPlaneService(Node& node, ControlThread& thread, AudioPump& pump) : node_(node), thread_(thread), pump_(pump) {}

  grpc::ServerUnaryReactor* PutBridge(grpc::CallbackServerContext* context, const media::v1::PutBridgeRequest* request,
                                      media::v1::BridgeState* response) override;
  grpc::ServerUnaryReactor* RemoveBridge(grpc::CallbackServerContext* context,
                                         const media::v1::RemoveBridgeRequest* request,
                                         media::v1::BridgeState* response) override;
  grpc::ServerUnaryReactor* PutLeg(grpc::CallbackServerContext* context, const media::v1::PutLegRequest* request,
                                   media::v1::LegState* response) override;
  grpc::ServerUnaryReactor* RemoveLeg(grpc::CallbackServerContext* context, const media::v1::RemoveLegRequest* request,
                                      media::v1::LegState* response) override;
  grpc::ServerUnaryReactor* GetLeg(grpc::CallbackServerContext* context, const media::v1::GetLegRequest* request,
                                   media::v1::LegState* response) override;
  grpc::ServerUnaryReactor* GetNode(grpc::CallbackServerContext* context, const media::v1::GetNodeRequest* request,
                                    media::v1::NodeState* response) override;
  grpc::ServerWriteReactor<media::v1::WatchResponse>* Watch(grpc::CallbackServerContext* context,
                                                            const media::v1::WatchRequest* request) override;
  grpc::ServerWriteReactor<media::v1::SnapshotResponse>* Snapshot(grpc::CallbackServerContext* context,
                                                                  const media::v1::SnapshotRequest* request) override;

  grpc::ServerWriteReactor<media::v1::WatchLiveResponse>* WatchLive(
      grpc::CallbackServerContext* context, const media::v1::WatchLiveRequest* request) override;
  grpc::ServerReadReactor<media::v1::PutSoundRequest>* PutSound(grpc::CallbackServerContext* context,
                                                                media::v1::SoundState* response) override;
  grpc::ServerUnaryReactor* GetSound(grpc::CallbackServerContext* context, const media::v1::GetSoundRequest* request,
                                     media::v1::SoundState* response) override;
  grpc::ServerUnaryReactor* PlayAudio(grpc::CallbackServerContext* context, const media::v1::PlayAudioRequest* request,
                                      media::v1::AudioState* response) override;
  grpc::ServerUnaryReactor* PutRecording(grpc::CallbackServerContext* context,
                                         const media::v1::PutRecordingRequest* request,
                                         media::v1::RecordingState* response) override;
  grpc::ServerUnaryReactor* DeleteRecording(grpc::CallbackServerContext* context,
                                            const media::v1::DeleteRecordingRequest* request,
                                            media::v1::DeleteRecordingResponse* response) override;
  grpc::ServerWriteReactor<media::v1::ReadRecordingFileResponse>* ReadRecordingFile(
      grpc::CallbackServerContext* context, const media::v1::ReadRecordingFileRequest* request) override;
  grpc::ServerUnaryReactor* StopAudio(grpc::CallbackServerContext* context, const media::v1::StopAudioRequest* request,
                                      media::v1::StopAudioResponse* response) override;
  grpc::ServerUnaryReactor* PutTranscription(grpc::CallbackServerContext* context,
                                             const media::v1::PutTranscriptionRequest* request,
                                             media::v1::TranscriptionState* response) override;

  grpc::ServerUnaryReactor* OpenAudioStream(grpc::CallbackServerContext* context,
                                            const media::v1::OpenAudioStreamRequest* request,
                                            media::v1::OpenAudioStreamResponse* response) override;
  grpc::ServerBidiReactor<media::v1::StreamAudioRequest, media::v1::StreamAudioResponse>* StreamAudio(
      grpc::CallbackServerContext* context) override;

  // Streams open now. Any thread.
  int streams() const { return streams_; }
  int uploads() const { return uploads_; }
  int audio_streams() const { return audio_streams_; }

 private:
  // Runs `call` on the control thread and finishes with what it gives.
  template <typename Response>
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, Response* response,
                                   std::function<absl::StatusOr<Response>()> call);
  // The same of a command to what has this id, with a log line.
  template <typename Response>
  grpc::ServerUnaryReactor* Carry(grpc::CallbackServerContext* context, Response* response, const std::string& id,
                                  std::function<absl::StatusOr<Response>()> command);

  Node& node_;
  ControlThread& thread_;
  AudioPump& pump_;
  std::atomic<int> streams_ = 0;
  std::atomic<int> uploads_ = 0;
  std::atomic<int> audio_streams_ = 0;
  std::atomic<int> files_ = 0;
  WorkThreads readers_{"file_reader", kReaders};
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_SERVICE_MEDIA_PLANE_SERVICE_H_
