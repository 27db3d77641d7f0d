#ifndef CONTROL_MEDIA_FAKE_NODE_CLIENT_H_
#define CONTROL_MEDIA_FAKE_NODE_CLIENT_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/fake_media_node.h"
#include "control/media/node_client.h"
#include "control/scheduler/task_queue.h"

namespace tutti::control {

// A FakeMediaNode behind the client's interface, for tests on one thread: every
// call is carried out and answered at once, on the queue, unless a test says
// otherwise.
class FakeNodeClient final : public NodeClient {
 public:
  FakeNodeClient(FakeMediaNode& node, TaskQueue& queue) : node_(node), queue_(queue) {}

  // Commands in the order in which they were sent: "PutLeg ID".
  std::vector<std::string> sent;
  // Of each of these the trace that it carried.
  std::vector<std::string> traceparents;
  int snapshots = 0;
  int watches = 0;
  // Every call fails with it, and nothing is carried out.
  absl::Status failure;
  // Commands are carried out, and their answers wait for AnswerHeld.
  bool holds = false;

  void AnswerHeld() {
    holds = false;
    for (auto& answer : std::exchange(held_, {})) queue_.Post(std::move(answer));
  }

  // To the Watch in progress: what the node has logged, or its end.
  void DeliverEvents() {
    for (; !node_.events.empty() && stream_ != nullptr; node_.events.pop_front()) {
      media::v1::WatchResponse response;
      *response.mutable_event() = node_.events.front();
      queue_.Post([handler = stream_->handler, response] { handler.on_message(response); });
    }
  }
  void EndWatch(const absl::Status& status) {
    if (stream_ == nullptr) return;
    queue_.Post([handler = std::exchange(stream_, nullptr)->handler, status] { handler.on_end(status); });
  }
  bool IsWatched() const { return stream_ != nullptr; }

  // The same of WatchLive.
  int live_watches = 0;
  void DeliverLive(const media::v1::WatchLiveResponse& message) {
    if (live_ != nullptr) queue_.Post([handler = live_->handler, message] { handler.on_message(message); });
  }
  void EndLive(const absl::Status& status) {
    if (live_ == nullptr) return;
    queue_.Post([handler = std::exchange(live_, nullptr)->handler, status] { handler.on_end(status); });
  }

  void PutBridge(const media::v1::PutBridgeRequest& request, const std::string& traceparent,
                 Done<media::v1::BridgeState> done) override {
    Send<media::v1::BridgeState>(
        "PutBridge", request.bridge_id(), [&] { return node_.Put(request); }, done, traceparent);
  }
  void RemoveBridge(const media::v1::RemoveBridgeRequest& request, const std::string& traceparent,
                    Done<media::v1::BridgeState> done) override {
    Send<media::v1::BridgeState>(
        "RemoveBridge", request.bridge_id(), [&] { return node_.Remove(request); }, done, traceparent);
  }
  void PutLeg(const media::v1::PutLegRequest& request, const std::string& traceparent,
              Done<media::v1::LegState> done) override {
    Send<media::v1::LegState>(
        "PutLeg", request.leg_id(), [&] { return node_.Put(request); }, done, traceparent);
  }
  void RemoveLeg(const media::v1::RemoveLegRequest& request, const std::string& traceparent,
                 Done<media::v1::LegState> done) override {
    Send<media::v1::LegState>(
        "RemoveLeg", request.leg_id(), [&] { return node_.Remove(request); }, done, traceparent);
  }
  void GetLeg(const media::v1::GetLegRequest& request, Done<media::v1::LegState> done) override {
    Answer<media::v1::LegState>(node_.legs.at(request.leg_id()), done);
  }
  void GetNode(const media::v1::GetNodeRequest&, Done<media::v1::NodeState> done) override {
    Answer<media::v1::NodeState>(media::v1::NodeState(), done);
  }
  void PutSound(std::shared_ptr<const SoundData> sound, Done<media::v1::SoundState> done) override {
    Send<media::v1::SoundState>(
        "PutSound", sound->sha256,
        [&] {
          media::v1::SoundState& state = node_.sounds[sound->sha256];
          state.set_sha256(sound->sha256);
          return state;
        },
        done);
  }
  void GetSound(const media::v1::GetSoundRequest& request, Done<media::v1::SoundState> done) override {
    const auto found = node_.sounds.find(request.sha256());
    if (found != node_.sounds.end()) return Answer<media::v1::SoundState>(found->second, done);
    Answer<media::v1::SoundState>(Error(absl::StatusCode::kNotFound, "SOUND_NOT_FOUND", "no such sound"), done);
  }
  void PlayAudio(const media::v1::PlayAudioRequest& request, Done<media::v1::AudioState> done) override {
    Send<media::v1::AudioState>(
        "PlayAudio", request.operation_id(), [&] { return node_.Play(request); }, done);
  }
  void StopAudio(const media::v1::StopAudioRequest& request, Done<media::v1::StopAudioResponse> done) override {
    const std::string& target = request.leg_id().empty() ? request.bridge_id() : request.leg_id();
    Send<media::v1::StopAudioResponse>(
        "StopAudio", request.operation_id().empty() ? target : request.operation_id(),
        [&] { return node_.Stop(request); }, done);
  }
  void PutRecording(const media::v1::PutRecordingRequest& request, const std::string& traceparent,
                    Done<media::v1::RecordingState> done) override {
    Send<media::v1::RecordingState>(
        "PutRecording", request.recording_id(), [&] { return node_.Put(request); }, done, traceparent);
  }
  void DeleteRecording(const media::v1::DeleteRecordingRequest& request, const std::string& traceparent,
                       Done<media::v1::DeleteRecordingResponse> done) override {
    Send<media::v1::DeleteRecordingResponse>(
        "DeleteRecording", request.recording_id(), [&] { return node_.Delete(request); }, done, traceparent);
  }
  void PutTranscription(const media::v1::PutTranscriptionRequest& request, const std::string& traceparent,
                        Done<media::v1::TranscriptionState> done) override {
    Send<media::v1::TranscriptionState>(
        "PutTranscription", request.transcription_id(), [&] { return node_.Put(request); }, done, traceparent);
  }
  void OpenAudioStream(const media::v1::OpenAudioStreamRequest& request,
                       Done<media::v1::OpenAudioStreamResponse> done) override {
    Send<media::v1::OpenAudioStreamResponse>(
        "OpenAudioStream", request.bridge_id(), [&] { return node_.Open(request); }, done);
  }
  void Snapshot(Done<NodeSnapshot> done) override {
    ++snapshots;
    if (std::exchange(log_epoch_, node_.epoch()) != node_.epoch()) log_.clear();
    log_.insert(log_.end(), node_.events.begin(), node_.events.end());
    node_.events.clear();
    Answer<NodeSnapshot>(node_.Snapshot({}), done);
  }

  std::shared_ptr<Stream> Watch(const media::v1::WatchRequest& request, WatchHandler handler) override {
    ++watches;
    stream_ = std::make_shared<FakeStream>(*this, std::move(handler));
    const std::shared_ptr<FakeStream> stream = stream_;
    if (!failure.ok()) {
      EndWatch(failure);
    } else if (request.epoch() != node_.epoch()) {
      EndWatch(absl::OutOfRangeError("another epoch"));
    } else {
      media::v1::WatchResponse hello;
      hello.mutable_hello()->set_epoch(node_.epoch());
      hello.mutable_hello()->set_latest_sequence(node_.Snapshot({}).sequence);
      queue_.Post([handler = stream->handler, hello] { handler.on_message(hello); });
      // What a snapshot has overtaken.
      for (const media::v1::NodeEvent& event : log_) {
        if (event.sequence() <= request.after_sequence() || log_epoch_ != node_.epoch()) continue;
        media::v1::WatchResponse response;
        *response.mutable_event() = event;
        queue_.Post([handler = stream->handler, response] { handler.on_message(response); });
      }
    }
    return stream;
  }

  std::shared_ptr<Stream> WatchLive(LiveHandler handler) override {
    ++live_watches;
    live_ = std::make_shared<FakeLiveStream>(*this, std::move(handler));
    const std::shared_ptr<FakeLiveStream> stream = live_;
    if (!failure.ok()) EndLive(failure);
    return stream;
  }

 private:
  struct FakeLiveStream final : Stream {
    FakeLiveStream(FakeNodeClient& client, LiveHandler handler) : client(client), handler(std::move(handler)) {}
    void Next() override {}
    void Cancel() override {
      if (client.live_.get() == this) client.EndLive(absl::CancelledError("cancelled"));
    }
    FakeNodeClient& client;
    const LiveHandler handler;
  };
  // Hands messages on unasked: the watcher's flow control is the gRPC client's test's.
  struct FakeStream final : Stream {
    FakeStream(FakeNodeClient& client, WatchHandler handler) : client(client), handler(std::move(handler)) {}
    void Next() override {}
    void Cancel() override {
      if (client.stream_.get() == this) client.EndWatch(absl::CancelledError("cancelled"));
    }
    FakeNodeClient& client;
    const WatchHandler handler;
  };

  template <typename Reply>
  void Answer(absl::StatusOr<Reply> reply, Done<Reply> done) {
    if (!failure.ok()) reply = failure;
    queue_.Post([done = std::move(done), reply = std::move(reply)] { done(reply); });
  }
  template <typename Reply>
  void Send(const char* method, const std::string& id, const std::function<absl::StatusOr<Reply>()>& carry,
            Done<Reply> done, const std::string& traceparent = "") {
    sent.push_back(absl::StrCat(method, " ", id));
    traceparents.push_back(traceparent);
    absl::StatusOr<Reply> reply = failure.ok() ? carry() : absl::StatusOr<Reply>(failure);
    auto answer = [done = std::move(done), reply = std::move(reply)] { done(reply); };
    if (holds) {
      held_.push_back(std::move(answer));
    } else {
      queue_.Post(std::move(answer));
    }
  }

  FakeMediaNode& node_;
  TaskQueue& queue_;
  std::shared_ptr<FakeStream> stream_;
  std::shared_ptr<FakeLiveStream> live_;
  std::deque<std::function<void()>> held_;
  // Events that nobody was given before a snapshot, and of which epoch they are.
  std::deque<media::v1::NodeEvent> log_;
  std::string log_epoch_;
};

}  // namespace tutti::control

#endif  // CONTROL_MEDIA_FAKE_NODE_CLIENT_H_
