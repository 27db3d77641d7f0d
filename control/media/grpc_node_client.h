#ifndef CONTROL_MEDIA_GRPC_NODE_CLIENT_H_
#define CONTROL_MEDIA_GRPC_NODE_CLIENT_H_

#include <functional>
#include <memory>
#include <string>

#include "common/rpc/flights.h"
#include "common/tls/tls.h"
#include "control/media/node_client.h"
#include "control/scheduler/task_queue.h"
#include "grpcpp/grpcpp.h"
#include "tutti/media/v1/media_plane.grpc.pb.h"

namespace tutti::control {

// A media node over gRPC: a deadline on every call, keepalive on the connection,
// answers on the task queue.
//
// Calls may be made from any thread. The queue must be stopped before the
// client is destroyed; what is in flight then is cancelled, unanswered.
class GrpcNodeClient final : public NodeClient {
 public:
  // With `tls` the node and we verify each other.
  GrpcNodeClient(const std::string& address, TaskQueue& queue, std::shared_ptr<const Tls> tls = nullptr);
  ~GrpcNodeClient() override;

  void PutBridge(const media::v1::PutBridgeRequest& request, const std::string& traceparent,
                 Done<media::v1::BridgeState> done) override;
  void RemoveBridge(const media::v1::RemoveBridgeRequest& request, const std::string& traceparent,
                    Done<media::v1::BridgeState> done) override;
  void PutLeg(const media::v1::PutLegRequest& request, const std::string& traceparent,
              Done<media::v1::LegState> done) override;
  void RemoveLeg(const media::v1::RemoveLegRequest& request, const std::string& traceparent,
                 Done<media::v1::LegState> done) override;
  void GetLeg(const media::v1::GetLegRequest& request, Done<media::v1::LegState> done) override;
  void GetNode(const media::v1::GetNodeRequest& request, Done<media::v1::NodeState> done) override;
  void PutSound(std::shared_ptr<const SoundData> sound, Done<media::v1::SoundState> done) override;
  void GetSound(const media::v1::GetSoundRequest& request, Done<media::v1::SoundState> done) override;
  void PlayAudio(const media::v1::PlayAudioRequest& request, Done<media::v1::AudioState> done) override;
  void StopAudio(const media::v1::StopAudioRequest& request, Done<media::v1::StopAudioResponse> done) override;
  void PutRecording(const media::v1::PutRecordingRequest& request, const std::string& traceparent,
                    Done<media::v1::RecordingState> done) override;
  void DeleteRecording(const media::v1::DeleteRecordingRequest& request, const std::string& traceparent,
                       Done<media::v1::DeleteRecordingResponse> done) override;
  void PutTranscription(const media::v1::PutTranscriptionRequest& request, const std::string& traceparent,
                        Done<media::v1::TranscriptionState> done) override;
  void OpenAudioStream(const media::v1::OpenAudioStreamRequest& request,
                       Done<media::v1::OpenAudioStreamResponse> done) override;
  void Snapshot(Done<NodeSnapshot> done) override;
  std::shared_ptr<Stream> Watch(const media::v1::WatchRequest& request, WatchHandler handler) override;
  std::shared_ptr<Stream> WatchLive(LiveHandler handler) override;

 private:
  template <typename Request, typename Response, typename Handler>
  class WatchReactor;
  class SnapshotReactor;
  class UploadReactor;

  template <typename Request, typename Reply>
  void Unary(void (media::v1::MediaPlane::StubInterface::async_interface::*method)(grpc::ClientContext*, const Request*,
                                                                                   Reply*,
                                                                                   std::function<void(grpc::Status)>),
             const Request& request, Done<Reply> done, const std::string& traceparent = "");

  TaskQueue& queue_;
  std::unique_ptr<media::v1::MediaPlane::Stub> stub_;
  std::shared_ptr<Flights> flights_;
};

}  // namespace tutti::control

#endif  // CONTROL_MEDIA_GRPC_NODE_CLIENT_H_
