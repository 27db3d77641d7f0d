#include "control/simulation/simulated_node_client.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::control::simulation {
namespace {

// As the gRPC client's.
constexpr absl::Duration kUnaryDeadline = absl::Seconds(2);
constexpr absl::Duration kSnapshotDeadline = absl::Seconds(10);
constexpr absl::Duration kUploadDeadline = absl::Seconds(20);
// Until a silent connection is given up.
constexpr absl::Duration kKeepalive = absl::Seconds(8);

constexpr absl::Duration kDelayMax = absl::Milliseconds(10);
constexpr absl::Duration kSlowDelayMax = absl::Seconds(4);

absl::Status Unreachable() { return absl::UnavailableError("the node can't be reached"); }

}  // namespace

absl::Duration SimulatedNodeClient::Line::Delay() const {
  return world.random.Between(absl::ZeroDuration(), world.random.Chance(faults.slow) ? kSlowDelayMax : kDelayMax);
}

SimulatedNodeClient::SimulatedNodeClient(World& world, SimulatedNode& node, const NetworkFaults& faults,
                                         std::string replica, control::TaskQueue& queue)
    : line_(std::make_shared<Line>(Line{world, node, faults, std::move(replica), &queue})) {}

SimulatedNodeClient::~SimulatedNodeClient() { line_->queue = nullptr; }

template <typename Reply>
void SimulatedNodeClient::Call(const std::string& what, absl::Duration deadline, Command<Reply> command,
                               Done<Reply> done) {
  struct Flight {
    Done<Reply> done;
    bool is_over = false;
  };
  auto flight = std::make_shared<Flight>(Flight{std::move(done)});
  const std::shared_ptr<Line> line = line_;
  World& world = line->world;
  const auto answer = [line, flight](absl::StatusOr<Reply> reply) {
    if (std::exchange(flight->is_over, true) || line->queue == nullptr) return;
    line->queue->Post([flight, reply = std::move(reply)] { flight->done(reply); });
  };
  world.After(deadline, [answer] { answer(absl::DeadlineExceededError("no answer")); });
  if (world.random.Chance(line->faults.request_lost)) return;
  const auto arrive = [line, answer, command, what](bool is_repeat) {
    if (!line->IsUp()) {
      if (!is_repeat && !line->node.is_up()) line->world.After(kDelayMax, [answer] { answer(Unreachable()); });
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
    world.After(world.random.Between(absl::ZeroDuration(), kSlowDelayMax), [arrive] { arrive(true); });
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

// Messages are on the way one at a time, so they stay in order.
class SimulatedNodeClient::WatchStream final : public Stream, public std::enable_shared_from_this<WatchStream> {
 public:
  WatchStream(std::shared_ptr<Line> line, const media::v1::WatchRequest& request, WatchHandler handler)
      : line_(std::move(line)), request_(request), handler_(std::move(handler)) {}

  void Start() {
    on_change_ = std::make_shared<std::function<void()>>([this] { Pump(); });
    line_->node.OnChange(on_change_);
    Keepalive();
    if (line_->world.random.Chance(line_->faults.request_lost)) return;
    line_->world.After(line_->Delay(), [self = shared_from_this()] { self->Arrive(); });
  }

  void Next() override {
    wants_ = true;
    Pump();
  }

  void Cancel() override { EndSoon(absl::CancelledError("cancelled")); }

 private:
  // The request is at the node.
  void Arrive() {
    const SimulatedNode& node = line_->node;
    if (!line_->IsUp()) return node.is_up() ? void() : EndSoon(Unreachable());
    epoch_ = node.epoch();
    next_ = request_.after_sequence() + 1;
    if ((!request_.epoch().empty() && request_.epoch() != epoch_) || next_ < node.oldest_sequence()) {
      return EndSoon(absl::OutOfRangeError("take a snapshot"));
    }
    media::v1::WatchResponse hello;
    hello.mutable_hello()->set_epoch(epoch_);
    hello.mutable_hello()->set_oldest_sequence(node.oldest_sequence());
    hello.mutable_hello()->set_latest_sequence(node.latest_sequence());
    Send(hello);
  }

  void Pump() {
    const SimulatedNode& node = line_->node;
    if (is_over_ || epoch_.empty()) return;
    if (!node.is_up() || node.epoch() != epoch_) return EndSoon(Unreachable());
    if (!wants_ || is_sending_) return;
    if (next_ < node.oldest_sequence()) return EndSoon(absl::OutOfRangeError("the log is too short"));
    const media::v1::NodeEvent* event = node.FindEvent(next_);
    if (event == nullptr) return;
    ++next_;
    media::v1::WatchResponse response;
    *response.mutable_event() = *event;
    Send(response);
  }

  void Send(const media::v1::WatchResponse& message) {
    is_sending_ = true;
    wants_ = false;
    line_->world.After(line_->Delay(), [self = shared_from_this(), message] {
      // What gets lost on the way is missed with the next keepalive.
      if (self->is_over_ || !self->line_->IsUp() || self->line_->queue == nullptr) return;
      self->is_sending_ = false;
      self->line_->queue->Post([self, message] { self->handler_.on_message(message); });
      self->Pump();
    });
  }

  void Keepalive() {
    line_->world.After(kKeepalive, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self == nullptr || self->is_over_) return;
      if (!self->line_->IsUp() || self->is_sending_ || self->epoch_.empty()) return self->EndSoon(Unreachable());
      self->Keepalive();
    });
  }

  void EndSoon(const absl::Status& status) {
    if (std::exchange(is_over_, true)) return;
    on_change_ = nullptr;
    line_->world.After(line_->world.random.Between(absl::ZeroDuration(), kDelayMax),
                       [self = shared_from_this(), status] {
                         if (self->line_->queue == nullptr) return;
                         self->line_->queue->Post([self, status] { self->handler_.on_end(status); });
                       });
  }

  const std::shared_ptr<Line> line_;
  const media::v1::WatchRequest request_;
  const WatchHandler handler_;
  std::shared_ptr<std::function<void()>> on_change_;
  std::string epoch_;
  int64_t next_ = 0;
  bool wants_ = false;
  bool is_sending_ = false;
  bool is_over_ = false;
};

std::shared_ptr<control::NodeClient::Stream> SimulatedNodeClient::Watch(const media::v1::WatchRequest& request,
                                                                        WatchHandler handler) {
  auto stream = std::make_shared<WatchStream>(line_, request, std::move(handler));
  stream->Start();
  return stream;
}

std::shared_ptr<control::NodeClient::Stream> SimulatedNodeClient::WatchLive(LiveHandler handler) {
  struct Ended final : Stream {
    void Next() override {}
    void Cancel() override {}
  };
  line_->queue->Post([handler = std::move(handler)] { handler.on_end(absl::UnimplementedError("no live events")); });
  return std::make_shared<Ended>();
}

}  // namespace tutti::control::simulation
