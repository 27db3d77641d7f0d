// Sounds and what is played.

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "mediaplane/node/node.h"
#include "mediaplane/node/node_parts.h"
#include "mediaplane/node/validate.h"

namespace tutti::mediaplane {

absl::StatusOr<AudioPlayer::Target> Node::FindTarget(const std::string& leg_id, const std::string& bridge_id) const {
  if (!leg_id.empty()) {
    const auto it = legs_.find(leg_id);
    if (it != legs_.end()) return AudioPlayer::Target{false, it->second->slot};
    return Error(absl::StatusCode::kFailedPrecondition, "LEG_NOT_FOUND",
                 absl::StrCat("leg ", leg_id, " is not on this node"));
  }
  const auto it = bridges_.find(bridge_id);
  if (it != bridges_.end()) return AudioPlayer::Target{true, it->second->slot};
  return Error(absl::StatusCode::kFailedPrecondition, "BRIDGE_NOT_FOUND",
               absl::StrCat("bridge ", bridge_id, " is not on this node"));
}

absl::StatusOr<media::v1::AudioState> Node::PlayAudio(const media::v1::PlayAudioRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckPlay(request));
  if (const media::v1::AudioState* known = player_.Find(request.operation_id())) return *known;
  TUTTI_ASSIGN_OR_RETURN(const AudioPlayer::Target target, FindTarget(request.leg_id(), request.bridge_id()));
  TUTTI_ASSIGN_OR_RETURN(std::shared_ptr<const Sound> sound, sounds_.Find(request.sound()));
  return player_.Play(request, target, std::move(sound));
}

absl::StatusOr<media::v1::StopAudioResponse> Node::StopAudio(const media::v1::StopAudioRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckStop(request));
  std::vector<std::string> stopped;
  if (!request.operation_id().empty()) {
    stopped = player_.Stop(request.operation_id(), clock_.Now());
  } else if (const auto target = FindTarget(request.leg_id(), request.bridge_id()); target.ok()) {
    stopped = player_.StopAll(*target);
  }
  media::v1::StopAudioResponse response;
  for (std::string& id : stopped) response.add_operation_ids(std::move(id));
  return response;
}

absl::StatusOr<media::v1::SoundState> Node::PutSound(const std::string& sha256, std::shared_ptr<const Sound> sound) {
  TUTTI_RETURN_IF_ERROR(sounds_.Insert(sha256, std::move(sound)));
  return sounds_.Get(sha256);
}

}  // namespace tutti::mediaplane
