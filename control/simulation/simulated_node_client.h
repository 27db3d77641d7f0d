#ifndef CONTROL_SIMULATION_SIMULATED_NODE_CLIENT_H_
#define CONTROL_SIMULATION_SIMULATED_NODE_CLIENT_H_

#include <functional>
#include <memory>
#include <string>

#include "control/media/node_client.h"
#include "control/scheduler/task_queue.h"
#include "control/simulation/node_line.h"
#include "control/simulation/simulated_node.h"
#include "control/simulation/world.h"

namespace tutti::control::simulation {

// One replica's way to one node, through a network that loses, delays, repeats
// and reorders. As the gRPC client it answers each call once, on the queue, in
// bounded time.
class SimulatedNodeClient final : public control::NodeClient {
 public:
  // All outlive the client, and the world's events too; but for the queue, which
  // is not touched once the client is destroyed.
  SimulatedNodeClient(World& world, SimulatedNode& node, const NetworkFaults& faults, std::string replica,
                      control::TaskQueue& queue);
  ~SimulatedNodeClient() override;

  void PutBridge(const media::v1::PutBridgeRequest& request, const std::string&,
                 Done<media::v1::BridgeState> done) override;
  void RemoveBridge(const media::v1::RemoveBridgeRequest& request, const std::string&,
                    Done<media::v1::BridgeState> done) override;
  void PutLeg(const media::v1::PutLegRequest& request, const std::string&, Done<media::v1::LegState> done) override;
  void RemoveLeg(const media::v1::RemoveLegRequest& request, const std::string&,
                 Done<media::v1::LegState> done) override;
  void GetLeg(const media::v1::GetLegRequest& request, Done<media::v1::LegState> done) override;
  void GetNode(const media::v1::GetNodeRequest& request, Done<media::v1::NodeState> done) override;
  void PutSound(std::shared_ptr<const control::SoundData> sound, Done<media::v1::SoundState> done) override;
  void GetSound(const media::v1::GetSoundRequest& request, Done<media::v1::SoundState> done) override;
  void PlayAudio(const media::v1::PlayAudioRequest& request, Done<media::v1::AudioState> done) override;
  void StopAudio(const media::v1::StopAudioRequest& request, Done<media::v1::StopAudioResponse> done) override;
  void PutRecording(const media::v1::PutRecordingRequest& request, const std::string&,
                    Done<media::v1::RecordingState> done) override;
  void DeleteRecording(const media::v1::DeleteRecordingRequest& request, const std::string&,
                       Done<media::v1::DeleteRecordingResponse> done) override;
  void PutTranscription(const media::v1::PutTranscriptionRequest& request, const std::string&,
                        Done<media::v1::TranscriptionState> done) override;
  void OpenAudioStream(const media::v1::OpenAudioStreamRequest& request,
                       Done<media::v1::OpenAudioStreamResponse> done) override;
  void Snapshot(Done<control::NodeSnapshot> done) override;
  std::shared_ptr<Stream> Watch(const media::v1::WatchRequest& request, WatchHandler handler) override;
  std::shared_ptr<Stream> WatchLive(LiveHandler handler) override;

 private:
  template <typename Reply>
  using Command = std::function<absl::StatusOr<Reply>(SimulatedNode&)>;
  template <typename Reply>
  void Call(const std::string& what, absl::Duration deadline, Command<Reply> command, Done<Reply> done);

  const std::shared_ptr<NodeLine> line_;
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_SIMULATED_NODE_CLIENT_H_
