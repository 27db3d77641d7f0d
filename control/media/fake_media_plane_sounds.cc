#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "control/media/fake_media_plane.h"

// What is played, and what with.

namespace tutti::control {

using grpc::ServerContext;
using grpc::Status;

void FakeMediaPlane::ForgetSounds() {
  absl::MutexLock lock(&mutex_);
  sounds_.clear();
}

void FakeMediaPlane::FinishAudio(const std::string& operation_id, media::v1::AudioFinished::Cause cause) {
  absl::MutexLock lock(&mutex_);
  for (const auto& play : plays_) {
    if (play.operation_id() == operation_id) EndAudio(play, cause);
  }
}

std::vector<media::v1::PlayAudioRequest> FakeMediaPlane::Plays() const {
  absl::MutexLock lock(&mutex_);
  return plays_;
}

std::map<std::string, std::string> FakeMediaPlane::Sounds() const {
  absl::MutexLock lock(&mutex_);
  return sounds_;
}

Status FakeMediaPlane::CheckSound(const std::string& sound) const {
  constexpr size_t kSha256Digits = 64;
  if (sound.size() != kSha256Digits || sounds_.count(sound) != 0) return Status::OK;
  return ToGrpcStatus(Error(absl::StatusCode::kNotFound, "SOUND_NOT_FOUND", "the sound is not on this node"));
}

Status FakeMediaPlane::PutSound(ServerContext*, grpc::ServerReader<media::v1::PutSoundRequest>* reader,
                                media::v1::SoundState* reply) {
  std::string sha256;
  std::string samples;
  for (media::v1::PutSoundRequest message; reader->Read(&message);) {
    if (message.has_head()) sha256 = message.head().sha256();
    samples += message.samples();
  }
  absl::MutexLock lock(&mutex_);
  const Status status = Begin({"PutSound", sha256, 0, ""});
  --in_progress_[sha256];
  if (!status.ok()) return status;
  sounds_[sha256] = samples;
  reply->set_sha256(sha256);
  return Status::OK;
}

Status FakeMediaPlane::GetSound(ServerContext*, const media::v1::GetSoundRequest* request,
                                media::v1::SoundState* reply) {
  absl::MutexLock lock(&mutex_);
  if (sounds_.count(request->sha256()) == 0) {
    return ToGrpcStatus(Error(absl::StatusCode::kNotFound, "SOUND_NOT_FOUND", "the sound is not on this node"));
  }
  reply->set_sha256(request->sha256());
  return Status::OK;
}

Status FakeMediaPlane::PlayAudio(ServerContext*, const media::v1::PlayAudioRequest* request,
                                 media::v1::AudioState* reply) {
  absl::MutexLock lock(&mutex_);
  const Status status = Begin({"PlayAudio", request->operation_id(), 0, request->bridge_id()});
  --in_progress_[request->operation_id()];
  if (!status.ok()) return status;
  if (const auto known = audio_.find(request->operation_id()); known != audio_.end()) {
    *reply = known->second;
    return Status::OK;
  }
  if (Status found = CheckSound(request->sound()); !found.ok()) return found;
  if (!request->leg_id().empty() && legs_.count(request->leg_id()) == 0) {
    return ToGrpcStatus(Error(absl::StatusCode::kFailedPrecondition, "LEG_NOT_FOUND", "the leg is not on this node"));
  }
  if (!request->bridge_id().empty() && bridges_.count(request->bridge_id()) == 0) {
    return ToGrpcStatus(
        Error(absl::StatusCode::kFailedPrecondition, "BRIDGE_NOT_FOUND", "the bridge is not on this node"));
  }
  plays_.push_back(*request);
  media::v1::AudioState& state = audio_[request->operation_id()];
  state.set_operation_id(request->operation_id());
  state.set_status(media::v1::AudioState::STATUS_PLAYING);
  *reply = state;
  return Status::OK;
}

Status FakeMediaPlane::StopAudio(ServerContext*, const media::v1::StopAudioRequest* request,
                                 media::v1::StopAudioResponse* reply) {
  absl::MutexLock lock(&mutex_);
  const std::string id = request->operation_id() + request->leg_id() + request->bridge_id();
  const Status status = Begin({"StopAudio", id, 0, request->bridge_id()});
  --in_progress_[id];
  if (!status.ok()) return status;
  for (const auto& play : plays_) {
    const bool is_meant = play.operation_id() == request->operation_id() ||
                          (!request->leg_id().empty() && play.leg_id() == request->leg_id()) ||
                          (!request->bridge_id().empty() && play.bridge_id() == request->bridge_id());
    if (!is_meant || audio_[play.operation_id()].status() == media::v1::AudioState::STATUS_ENDED) continue;
    reply->add_operation_ids(play.operation_id());
    EndAudio(play, media::v1::AudioFinished::CAUSE_STOPPED);
  }
  return Status::OK;
}

void FakeMediaPlane::EndAudio(const media::v1::PlayAudioRequest& play, media::v1::AudioFinished::Cause cause) {
  media::v1::AudioState& state = audio_[play.operation_id()];
  if (state.status() == media::v1::AudioState::STATUS_ENDED) return;
  state.set_status(media::v1::AudioState::STATUS_ENDED);
  state.set_cause(cause);
  auto& finished = *Emit().mutable_audio_finished();
  finished.set_operation_id(play.operation_id());
  finished.set_leg_id(play.leg_id());
  finished.set_bridge_id(play.bridge_id());
  finished.set_cause(cause);
}

}  // namespace tutti::control
