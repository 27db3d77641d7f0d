#include "control/simulation/simulated_node_client.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/simulation/simulated_streams.h"

namespace tutti::control::simulation {
namespace {

// As the gRPC client's.
constexpr absl::Duration kUnaryDeadline = absl::Seconds(2);
constexpr absl::Duration kSnapshotDeadline = absl::Seconds(10);
constexpr absl::Duration kUploadDeadline = absl::Seconds(20);
}  // namespace

SimulatedNodeClient::SimulatedNodeClient(World& world, SimulatedNode& node, const NetworkFaults& faults,
                                         std::string replica, control::TaskQueue& queue)
    : line_(std::make_shared<NodeLine>(NodeLine{world, node, faults, std::move(replica), &queue})) {}

SimulatedNodeClient::~SimulatedNodeClient() { line_->queue = nullptr; }

template <typename Reply>
void SimulatedNodeClient::Call(const std::string& what, absl::Duration deadline, Command<Reply> command,
                               Done<Reply> done) {
  struct Flight {
    Done<Reply> done;
    bool is_over = false;
  };
  auto flight = std::make_shared<Flight>(Flight{std::move(done)});
  const std::shared_ptr<NodeLine> line = line_;
  World& world = line->world;
  const auto answer = [line, flight](absl::StatusOr<Reply> reply) {
    if (std::exchange(flight->is_over, true) || line->queue == nullptr) return;
    line->queue->Post([flight, reply = std::move(reply)] { flight->done(reply); });
  };
  world.After(deadline, [answer] { answer(absl::DeadlineExceededError("no answer")); });
  if (world.random.Chance(line->faults.request_lost)) return;
  const auto arrive = [line, answer, command, what](bool is_repeat) {
    if (!line->IsUp()) {
      if (!is_repeat && !line->node.is_up()) line->world.After(kNodeDelayMax, [answer] { answer(NodeUnreachable()); });
      return;
    }
    absl::StatusOr<Reply> reply = command(line->node);
    if (!what.empty()) {
      line->world.Tell(absl::StrCat(line->replica, " -> ", line->node.id(), " ", what, is_repeat ? " (again)" : "",
                                    reply.ok() ? "" : absl::StrCat(": ", GetErrorDetail(reply.status()).reason)));
    }
    if (is_repeat || line->world.random.Chance(line->faults.reply_lost)) return;
    line->world.After(line->Delay(), [line, answer, reply = std::move(reply)] {
      if (line->IsUp()) answer(reply);
    });
  };
  world.After(line->Delay(), [arrive] { arrive(false); });
  if (!what.empty() && world.random.Chance(line->faults.repeated)) {
    world.After(world.random.Between(absl::ZeroDuration(), kNodeSlowDelayMax), [arrive] { arrive(true); });
  }
}

void SimulatedNodeClient::PutBridge(const media::v1::PutBridgeRequest& request, const std::string&,
                                    Done<media::v1::BridgeState> done) {
  Call<media::v1::BridgeState>(
      absl::StrCat("PutBridge ", line_->world.Name("room", request.bridge_id()), " ", request.revision()),
      kUnaryDeadline,
      [request](SimulatedNode& node) {
        absl::StatusOr<media::v1::BridgeState> reply;
        absl::Status carried = node.Carry([&](FakeMediaNode& media) { reply = media.Put(request); });
        if (!carried.ok()) reply = carried;
        if (GetErrorDetail(reply.status()).reason == "BRIDGE_REMOVED") {
          node.NoteRefusal(request.bridge_id(), request.revision());
        }
        return reply;
      },
      std::move(done));
}

void SimulatedNodeClient::RemoveBridge(const media::v1::RemoveBridgeRequest& request, const std::string&,
                                       Done<media::v1::BridgeState> done) {
  Call<media::v1::BridgeState>(
      absl::StrCat("RemoveBridge ", line_->world.Name("room", request.bridge_id()), " ", request.revision()),
      kUnaryDeadline,
      [request](SimulatedNode& node) {
        absl::StatusOr<media::v1::BridgeState> reply;
        absl::Status carried = node.Carry([&](FakeMediaNode& media) { reply = media.Remove(request); });
        if (!carried.ok()) reply = carried;
        return reply;
      },
      std::move(done));
}

void SimulatedNodeClient::PutLeg(const media::v1::PutLegRequest& request, const std::string&,
                                 Done<media::v1::LegState> done) {
  Call<media::v1::LegState>(
      absl::StrCat("PutLeg ", line_->world.Name("call", request.leg_id()), " ", request.revision(),
                   request.bridge_id().empty() ? "" : " in ",
                   request.bridge_id().empty() ? "" : line_->world.Name("room", request.bridge_id())),
      kUnaryDeadline,
      [request](SimulatedNode& node) {
        absl::StatusOr<media::v1::LegState> reply;
        absl::Status carried = node.Carry([&](FakeMediaNode& media) { reply = media.Put(request); });
        if (!carried.ok()) reply = carried;
        if (!reply.ok()) node.NoteRefusal(request.leg_id(), request.revision());
        return reply;
      },
      std::move(done));
}

void SimulatedNodeClient::RemoveLeg(const media::v1::RemoveLegRequest& request, const std::string&,
                                    Done<media::v1::LegState> done) {
  Call<media::v1::LegState>(
      absl::StrCat("RemoveLeg ", line_->world.Name("call", request.leg_id()), " ", request.revision()), kUnaryDeadline,
      [request](SimulatedNode& node) {
        absl::StatusOr<media::v1::LegState> reply;
        absl::Status carried = node.Carry([&](FakeMediaNode& media) { reply = media.Remove(request); });
        if (!carried.ok()) reply = carried;
        return reply;
      },
      std::move(done));
}

void SimulatedNodeClient::GetLeg(const media::v1::GetLegRequest& request, Done<media::v1::LegState> done) {
  Call<media::v1::LegState>(
      "", kUnaryDeadline,
      [request](SimulatedNode& node) -> absl::StatusOr<media::v1::LegState> {
        const auto found = node.media().legs.find(request.leg_id());
        if (found == node.media().legs.end()) return absl::NotFoundError("no such leg");
        return found->second;
      },
      std::move(done));
}

void SimulatedNodeClient::GetNode(const media::v1::GetNodeRequest&, Done<media::v1::NodeState> done) {
  Call<media::v1::NodeState>(
      "", kUnaryDeadline,
      [](SimulatedNode& node) -> absl::StatusOr<media::v1::NodeState> {
        media::v1::NodeState state;
        state.set_epoch(node.epoch());
        state.set_legs(static_cast<int>(node.media().legs.size()));
        state.set_busy(!node.media().busy.ok());
        return state;
      },
      std::move(done));
}

void SimulatedNodeClient::PutSound(std::shared_ptr<const control::SoundData> sound, Done<media::v1::SoundState> done) {
  Call<media::v1::SoundState>(
      absl::StrCat("PutSound ", sound->sha256), kUploadDeadline,
      [sha256 = sound->sha256](SimulatedNode& node) -> absl::StatusOr<media::v1::SoundState> {
        media::v1::SoundState state;
        state.set_sha256(sha256);
        TUTTI_RETURN_IF_ERROR(node.Carry([&](FakeMediaNode& media) { media.sounds[sha256] = state; }));
        return state;
      },
      std::move(done));
}

void SimulatedNodeClient::GetSound(const media::v1::GetSoundRequest& request, Done<media::v1::SoundState> done) {
  Call<media::v1::SoundState>(
      "", kUnaryDeadline,
      [request](SimulatedNode& node) -> absl::StatusOr<media::v1::SoundState> {
        const auto found = node.media().sounds.find(request.sha256());
        if (found == node.media().sounds.end()) return absl::NotFoundError("no such sound");
        return found->second;
      },
      std::move(done));
}

void SimulatedNodeClient::PlayAudio(const media::v1::PlayAudioRequest& request, Done<media::v1::AudioState> done) {
  Call<media::v1::AudioState>(
      absl::StrCat("PlayAudio ", request.operation_id()), kUnaryDeadline,
      [request](SimulatedNode& node) {
        absl::StatusOr<media::v1::AudioState> reply;
        absl::Status carried = node.Carry([&](FakeMediaNode& media) { reply = media.Play(request); });
        if (!carried.ok()) reply = carried;
        if (reply.ok()) node.OnPlay(request);
        return reply;
      },
      std::move(done));
}

void SimulatedNodeClient::StopAudio(const media::v1::StopAudioRequest& request,
                                    Done<media::v1::StopAudioResponse> done) {
  Call<media::v1::StopAudioResponse>(
      absl::StrCat("StopAudio ", request.operation_id(), request.leg_id(), request.bridge_id()), kUnaryDeadline,
      [request](SimulatedNode& node) {
        absl::StatusOr<media::v1::StopAudioResponse> reply;
        absl::Status carried = node.Carry([&](FakeMediaNode& media) { reply = media.Stop(request); });
        if (!carried.ok()) reply = carried;
        return reply;
      },
      std::move(done));
}

void SimulatedNodeClient::PutRecording(const media::v1::PutRecordingRequest& request, const std::string&,
                                       Done<media::v1::RecordingState> done) {
  Call<media::v1::RecordingState>(
      absl::StrCat("PutRecording ", line_->world.Name("recording", request.recording_id()), " ", request.revision(),
                   " ", media::v1::PutRecordingRequest::Wanted_Name(request.wanted())),
      kUnaryDeadline,
      [request](SimulatedNode& node) {
        absl::StatusOr<media::v1::RecordingState> reply;
        absl::Status carried = node.Carry([&](FakeMediaNode& media) { reply = media.Put(request); });
        if (!carried.ok()) reply = carried;
        return reply;
      },
      std::move(done));
}

void SimulatedNodeClient::DeleteRecording(const media::v1::DeleteRecordingRequest& request, const std::string&,
                                          Done<media::v1::DeleteRecordingResponse> done) {
  Call<media::v1::DeleteRecordingResponse>(
      absl::StrCat("DeleteRecording ", line_->world.Name("recording", request.recording_id())), kUnaryDeadline,
      [request](SimulatedNode& node) {
        absl::StatusOr<media::v1::DeleteRecordingResponse> reply;
        absl::Status carried = node.Carry([&](FakeMediaNode& media) { reply = media.Delete(request); });
        if (!carried.ok()) reply = carried;
        return reply;
      },
      std::move(done));
}

void SimulatedNodeClient::PutTranscription(const media::v1::PutTranscriptionRequest& request, const std::string&,
                                           Done<media::v1::TranscriptionState> done) {
  Call<media::v1::TranscriptionState>(
      absl::StrCat("PutTranscription ", line_->world.Name("transcribe", request.transcription_id()), " ",
                   request.revision(), " ", media::v1::PutTranscriptionRequest::Wanted_Name(request.wanted())),
      kUnaryDeadline,
      [request](SimulatedNode& node) {
        absl::StatusOr<media::v1::TranscriptionState> reply;
        absl::Status carried = node.Carry([&](FakeMediaNode& media) { reply = media.Put(request); });
        if (!carried.ok()) reply = carried;
        return reply;
      },
      std::move(done));
}

void SimulatedNodeClient::OpenAudioStream(const media::v1::OpenAudioStreamRequest& request,
                                          Done<media::v1::OpenAudioStreamResponse> done) {
  Call<media::v1::OpenAudioStreamResponse>(
      absl::StrCat("OpenAudioStream ", line_->world.Name("room", request.bridge_id())), kUnaryDeadline,
      [request](SimulatedNode& node) {
        absl::StatusOr<media::v1::OpenAudioStreamResponse> reply;
        absl::Status carried = node.Carry([&](FakeMediaNode& media) { reply = media.Open(request); });
        if (!carried.ok()) reply = carried;
        return reply;
      },
      std::move(done));
}

void SimulatedNodeClient::Snapshot(Done<control::NodeSnapshot> done) {
  Call<control::NodeSnapshot>(
      "Snapshot", kSnapshotDeadline,
      [](SimulatedNode& node) -> absl::StatusOr<control::NodeSnapshot> { return node.Snapshot(); }, std::move(done));
}

std::shared_ptr<control::NodeClient::Stream> SimulatedNodeClient::Watch(const media::v1::WatchRequest& request,
                                                                        WatchHandler handler) {
  auto stream = std::make_shared<SimulatedWatch>(line_, request, std::move(handler));
  stream->Start();
  return stream;
}

std::shared_ptr<control::NodeClient::Stream> SimulatedNodeClient::WatchLive(LiveHandler handler) {
  auto stream = std::make_shared<SimulatedLiveWatch>(line_, std::move(handler));
  stream->Start();
  return stream;
}

}  // namespace tutti::control::simulation
