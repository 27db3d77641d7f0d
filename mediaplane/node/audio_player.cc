#include "mediaplane/node/audio_player.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::mediaplane {
namespace {

using media::v1::AudioFinished;
using media::v1::AudioState;

constexpr absl::Duration kPastAge = absl::Minutes(10);
// Each takes about 200 bytes.
constexpr size_t kPastMax = 200'000;

AudioFinished::Cause CauseOf(PlayEnd end) {
  switch (end) {
    case PlayEnd::kFinished:
      return AudioFinished::CAUSE_FINISHED;
    case PlayEnd::kStopped:
      return AudioFinished::CAUSE_STOPPED;
    case PlayEnd::kDtmf:
      return AudioFinished::CAUSE_DTMF;
    case PlayEnd::kTargetGone:
      return AudioFinished::CAUSE_TARGET_GONE;
  }
  return AudioFinished::CAUSE_UNSPECIFIED;
}

AudioState Ended(const std::string& operation_id, AudioFinished::Cause cause) {
  AudioState state;
  state.set_operation_id(operation_id);
  state.set_status(AudioState::STATUS_ENDED);
  state.set_cause(cause);
  return state;
}

}  // namespace

AudioPlayer::AudioPlayer(MediaEngine& engine, std::function<void(const AudioFinished&)> ended)
    : engine_(engine), ended_(std::move(ended)), past_(kPastAge, kPastMax) {}

const AudioState* AudioPlayer::Find(const std::string& operation_id) {
  if (const auto it = operations_.find(operation_id); it != operations_.end()) return &it->second->state;
  return past_.Find(operation_id);
}

absl::StatusOr<AudioState> AudioPlayer::Play(const media::v1::PlayAudioRequest& request, const Target& target,
                                             std::shared_ptr<const Sound> sound) {
  Queue& queue = queues_[target];
  if (queue.size() >= kQueueMax) {
    return Error(absl::StatusCode::kResourceExhausted, "AUDIO_QUEUE_FULL",
                 absl::StrCat(kQueueMax, " sounds wait for this target already"));
  }
  auto operation = std::make_shared<Operation>();
  operation->request = request;
  operation->target = target;
  operation->sound = std::move(sound);
  operation->state.set_operation_id(request.operation_id());
  operation->state.set_status(AudioState::STATUS_QUEUED);
  operations_[request.operation_id()] = operation;
  queue.push_back(operation);
  if (queue.size() == 1) Begin(target);
  return operation->state;
}

// The first of the queue; a full ring is tried again by Poll.
void AudioPlayer::Begin(const Target& target) {
  const auto it = queues_.find(target);
  if (it == queues_.end() || it->second.front()->begun) return;
  const std::shared_ptr<Operation> operation = it->second.front();
  class Play play;
  play.sound = operation->sound;
  play.tag = ++last_tag_;
  play.loop = operation->request.loop();
  play.volume_db = operation->request.volume_db();
  play.stop_on_dtmf = operation->request.stop_on_dtmf();
  const absl::Status status =
      target.is_bridge ? engine_.PlayToBridge(target.slot, play) : engine_.PlayToLeg(target.slot, play);
  if (status.ok()) {
    operation->begun = true;
    operation->state.set_status(AudioState::STATUS_PLAYING);
  } else if (status.code() == absl::StatusCode::kNotFound) {
    End(operation, AudioFinished::CAUSE_TARGET_GONE);
  }
}

void AudioPlayer::End(const std::shared_ptr<Operation>& operation, AudioFinished::Cause cause) {
  const auto it = queues_.find(operation->target);
  Queue& queue = it->second;
  queue.erase(std::find(queue.begin(), queue.end(), operation));
  if (queue.empty()) queues_.erase(it);
  const std::string& id = operation->request.operation_id();
  operations_.erase(id);
  past_.Insert(id, Ended(id, cause), now_);
  AudioFinished finished;
  finished.set_operation_id(id);
  finished.set_leg_id(operation->request.leg_id());
  finished.set_bridge_id(operation->request.bridge_id());
  finished.set_cause(cause);
  ended_(finished);
}

// Whether it ends by this.
bool AudioPlayer::Stop(const std::shared_ptr<Operation>& operation) {
  if (std::exchange(operation->stopping, true)) return false;
  if (!operation->begun) {
    End(operation, AudioFinished::CAUSE_STOPPED);
    return true;
  }
  const Target& target = operation->target;
  // A target that is gone ends it by itself.
  static_cast<void>(target.is_bridge ? engine_.StopBridge(target.slot) : engine_.StopLeg(target.slot));
  return true;
}

std::vector<std::string> AudioPlayer::Stop(const std::string& operation_id, absl::Time now) {
  const auto it = operations_.find(operation_id);
  if (it == operations_.end()) {
    if (past_.Find(operation_id) == nullptr) {
      past_.Insert(operation_id, Ended(operation_id, AudioFinished::CAUSE_STOPPED), now);
    }
    return {};
  }
  if (!Stop(std::shared_ptr<Operation>(it->second))) return {};
  return {operation_id};
}

std::vector<std::string> AudioPlayer::StopAll(const Target& target) {
  std::vector<std::string> stopped;
  const auto it = queues_.find(target);
  if (it == queues_.end()) return stopped;
  const Queue all = it->second;
  for (const auto& operation : all) {
    if (Stop(operation)) stopped.push_back(operation->request.operation_id());
  }
  return stopped;
}

void AudioPlayer::Forsake(const Target& target) {
  const auto it = queues_.find(target);
  if (it == queues_.end()) return;
  const Queue all = it->second;
  for (const auto& operation : all) {
    if (!operation->begun) End(operation, AudioFinished::CAUSE_TARGET_GONE);
  }
}

void AudioPlayer::OnEnded(const EngineEvent& event) {
  const Target target = event.leg != kNoLegSlot ? Target{false, event.leg} : Target{true, event.bridge};
  const auto it = queues_.find(target);
  if (it == queues_.end() || !it->second.front()->begun) return;
  const AudioFinished::Cause cause = CauseOf(event.end);
  const Queue all = it->second;
  End(all.front(), cause);
  if (cause == AudioFinished::CAUSE_DTMF) {
    for (size_t i = 1; i < all.size() && all[i]->request.stop_on_dtmf(); ++i) End(all[i], cause);
  }
  Begin(target);
}

void AudioPlayer::Poll(absl::Time now) {
  now_ = now;
  past_.Expire(now);
  for (auto it = queues_.begin(); it != queues_.end();) {
    const Target target = (it++)->first;
    Begin(target);
  }
}

std::vector<std::string> AudioPlayer::OperationsOf(const Target& target) const {
  std::vector<std::string> ids;
  const auto it = queues_.find(target);
  if (it == queues_.end()) return ids;
  for (const auto& operation : it->second) ids.push_back(operation->request.operation_id());
  return ids;
}

}  // namespace tutti::mediaplane
