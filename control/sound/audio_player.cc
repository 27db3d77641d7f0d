#include "control/sound/audio_player.h"

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

absl::Status NoNode(const std::string& node_id) {
  return Error(absl::StatusCode::kUnavailable, "MEDIA_NODE_UNAVAILABLE",
               absl::StrCat("media node ", node_id, " is not known"));
}

// A node that does not answer says no reason.
absl::Status WithReason(const absl::Status& status, const std::string& node_id) {
  if (status.ok() || !GetErrorDetail(status).reason.empty()) return status;
  return Error(absl::StatusCode::kUnavailable, "MEDIA_NODE_UNAVAILABLE",
               absl::StrCat("media node ", node_id, " can't be reached"));
}

media::v1::PlayAudioRequest ToCommand(const PlayRequest& request, const std::string& sound) {
  media::v1::PlayAudioRequest command;
  command.set_operation_id(request.operation_id);
  command.set_leg_id(request.leg_id);
  command.set_bridge_id(request.bridge_id);
  command.set_sound(sound);
  command.set_loop(request.loop);
  command.set_volume_db(request.volume_db);
  command.set_stop_on_dtmf(request.stop_on_dtmf);
  return command;
}

}  // namespace

void AudioPlayer::Play(PlayRequest request, Done answer, Ended ended) {
  plays_.fetch_add(1, std::memory_order_relaxed);
  const Done done = [this, answer = std::move(answer)](const absl::Status& status) {
    if (!status.ok()) failures_.fetch_add(1, std::memory_order_relaxed);
    answer(status);
  };
  const auto node = nodes_.find(request.node_id);
  if (node == nodes_.end()) return done(NoNode(request.node_id));
  const auto send = [this, client = node->second, request, done, ended](const absl::StatusOr<LoadedSound>& sound) {
    if (!sound.ok()) return done(sound.status());
    Send(*client, request, *sound, sound->data != nullptr, done, ended);
  };
  request.text.has_value() ? library_.Speak(*request.text, send)
                           : library_.Load(request.customer_id, request.source, send);
}

void AudioPlayer::Send(NodeClient& node, const PlayRequest& request, const LoadedSound& sound, bool may_put, Done done,
                       Ended ended) {
  node.PlayAudio(
      ToCommand(request, sound.name), [this, &node, request, sound, may_put, done = std::move(done),
                                       ended = std::move(ended)](const absl::StatusOr<media::v1::AudioState>& state) {
        const absl::Status& status = state.status();
        if (ended != nullptr && status.ok() && state->status() == media::v1::AudioState::STATUS_ENDED) {
          return ended(state->cause());
        }
        if (request.only_now && status.ok() && state->status() == media::v1::AudioState::STATUS_QUEUED) {
          return Stop({request.node_id, request.operation_id, "", ""}, done);
        }
        if (!may_put || GetErrorDetail(status).reason != "SOUND_NOT_FOUND")
          return done(WithReason(status, request.node_id));
        Put(request.node_id, sound.data, [this, &node, request, sound, done, ended](const absl::Status& put) {
          if (!put.ok()) return done(put);
          Send(node, request, sound, false, done, ended);
        });
      });
}

void AudioPlayer::Stop(const StopRequest& request, Done done) {
  const auto node = nodes_.find(request.node_id);
  if (node == nodes_.end()) return done(NoNode(request.node_id));
  media::v1::StopAudioRequest command;
  command.set_operation_id(request.operation_id);
  command.set_leg_id(request.leg_id);
  command.set_bridge_id(request.bridge_id);
  node->second->StopAudio(command, [node_id = request.node_id, done = std::move(done)](
                                       const absl::StatusOr<media::v1::StopAudioResponse>& response) {
    done(WithReason(response.status(), node_id));
  });
}

void AudioPlayer::Put(const std::string& node_id, std::shared_ptr<const SoundData> sound, Done done) {
  const auto node = nodes_.find(node_id);
  if (node == nodes_.end()) return done(NoNode(node_id));
  const auto key = std::make_pair(node_id, sound->sha256);
  {
    absl::MutexLock lock(&mutex_);
    std::vector<Done>& waiters = uploads_[key];
    waiters.push_back(std::move(done));
    if (waiters.size() > 1) return;
  }
  node->second->PutSound(std::move(sound), [this, key](const absl::StatusOr<media::v1::SoundState>& state) {
    std::vector<Done> waiters;
    {
      absl::MutexLock lock(&mutex_);
      const auto found = uploads_.find(key);
      waiters = std::move(found->second);
      uploads_.erase(found);
    }
    for (const Done& waiter : waiters) waiter(WithReason(state.status(), key.first));
  });
}

}  // namespace tutti::control
