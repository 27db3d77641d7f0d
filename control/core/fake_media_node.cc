#include "control/core/fake_media_node.h"

#include <utility>

#include "common/status/status.h"

namespace tutti::control {

media::v1::NodeEvent& FakeMediaNode::AddEvent() {
  media::v1::NodeEvent& event = events.emplace_back();
  event.set_sequence(++sequence_);
  return event;
}

void FakeMediaNode::Detach(media::v1::LegState& leg, int64_t revision) {
  if (leg.bridge_id().empty()) return;
  auto& left = *AddEvent().mutable_leg_left();
  left.set_leg_id(leg.leg_id());
  left.set_bridge_id(leg.bridge_id());
  left.set_revision(revision);
  leg.clear_bridge_id();
}

absl::StatusOr<media::v1::LegState> FakeMediaNode::Put(const media::v1::PutLegRequest& request) {
  if (tombstones_.contains(request.leg_id())) {
    return Error(absl::StatusCode::kFailedPrecondition, "LEG_REMOVED", "the leg was removed");
  }
  const auto known = offers.find(request.leg_id());
  const bool is_offered =
      known == offers.end() || known->second.SerializeAsString() != request.offer().SerializeAsString();
  if (is_offered && !refusal.ok()) return std::exchange(refusal, absl::OkStatus());
  if (is_offered && !busy.ok()) return busy;
  if (!request.bridge_id().empty() && !bridges.contains(request.bridge_id())) {
    return Error(absl::StatusCode::kFailedPrecondition, "BRIDGE_NOT_FOUND", "there is no such bridge");
  }
  media::v1::LegState& leg = legs[request.leg_id()];
  if (request.revision() <= leg.revision()) return leg;
  leg.set_leg_id(request.leg_id());
  leg.set_revision(request.revision());
  offers[request.leg_id()] = request.offer();
  settings[request.leg_id()] = request.settings();
  // A new leg has a port that none has had before.
  if (leg.answer().sections().empty()) leg.mutable_answer()->add_sections()->set_rtp_port(next_port_ += 2);
  // The reply is the state before the tick that attaches and detaches.
  const media::v1::LegState reply = leg;
  wanted_bridges_[request.leg_id()] = request.bridge_id();
  if (ticks_itself) Move(leg);
  return reply;
}

void FakeMediaNode::Move(media::v1::LegState& leg) {
  const auto wanted = wanted_bridges_.find(leg.leg_id());
  if (wanted == wanted_bridges_.end()) return;
  const std::string bridge_id = wanted->second;
  wanted_bridges_.erase(wanted);
  if (leg.bridge_id() == bridge_id) return;
  Detach(leg, leg.revision());
  if (bridge_id.empty() || !attaches || !bridges.contains(bridge_id)) return;
  leg.set_bridge_id(bridge_id);
  auto& joined = *AddEvent().mutable_leg_joined();
  joined.set_leg_id(leg.leg_id());
  joined.set_bridge_id(leg.bridge_id());
  joined.set_revision(leg.revision());
}

void FakeMediaNode::Tick() {
  for (auto& [id, leg] : legs) Move(leg);
}

media::v1::LegState FakeMediaNode::Remove(const media::v1::RemoveLegRequest& request) {
  media::v1::LegState state;
  state.set_leg_id(request.leg_id());
  state.set_revision(request.revision());
  state.set_removed(true);
  const auto found = legs.find(request.leg_id());
  if (found != legs.end() && request.revision() <= found->second.revision()) return found->second;
  tombstones_.emplace(request.leg_id(), request.revision());
  if (found == legs.end()) return state;
  ForsakeAudio(request.leg_id());
  Detach(found->second, request.revision());
  legs.erase(found);
  wanted_bridges_.erase(request.leg_id());
  state.mutable_statistics()->set_packets_received(1'234);
  auto& removed = *AddEvent().mutable_leg_removed();
  removed.set_leg_id(request.leg_id());
  removed.set_revision(request.revision());
  *removed.mutable_statistics() = state.statistics();
  return state;
}

absl::StatusOr<media::v1::BridgeState> FakeMediaNode::Put(const media::v1::PutBridgeRequest& request) {
  if (tombstones_.contains(request.bridge_id())) {
    return Error(absl::StatusCode::kFailedPrecondition, "BRIDGE_REMOVED", "the bridge was removed");
  }
  TUTTI_RETURN_IF_ERROR(CheckSound(request.hold_sound()));
  TUTTI_RETURN_IF_ERROR(CheckSound(request.waiting_sound()));
  media::v1::BridgeState& bridge = bridges[request.bridge_id()];
  bridge.set_bridge_id(request.bridge_id());
  if (request.revision() <= bridge.revision()) return bridge;
  bridge.set_revision(request.revision());
  puts[request.bridge_id()] = request;
  return bridge;
}

media::v1::BridgeState FakeMediaNode::Remove(const media::v1::RemoveBridgeRequest& request) {
  const auto found = bridges.find(request.bridge_id());
  if (found != bridges.end() && request.revision() <= found->second.revision()) return found->second;
  tombstones_.emplace(request.bridge_id(), request.revision());
  for (auto& [id, leg] : legs) {
    if (leg.bridge_id() == request.bridge_id()) Detach(leg, leg.revision());
  }
  ForsakeAudio(request.bridge_id());
  bridges.erase(request.bridge_id());
  media::v1::BridgeState state;
  state.set_bridge_id(request.bridge_id());
  state.set_revision(request.revision());
  state.set_removed(true);
  return state;
}

absl::Status FakeMediaNode::CheckSound(const std::string& sound) const {
  constexpr size_t kSha256Digits = 64;
  if (sound.size() != kSha256Digits || sounds.contains(sound)) return absl::OkStatus();
  return Error(absl::StatusCode::kNotFound, "SOUND_NOT_FOUND", "the sound is not on this node");
}

absl::StatusOr<media::v1::AudioState> FakeMediaNode::Play(const media::v1::PlayAudioRequest& request) {
  if (const auto known = audio.find(request.operation_id()); known != audio.end()) return known->second;
  TUTTI_RETURN_IF_ERROR(CheckSound(request.sound()));
  if (!request.leg_id().empty() && !legs.contains(request.leg_id())) {
    return Error(absl::StatusCode::kFailedPrecondition, "LEG_NOT_FOUND", "there is no such leg");
  }
  if (!request.bridge_id().empty() && !bridges.contains(request.bridge_id())) {
    return Error(absl::StatusCode::kFailedPrecondition, "BRIDGE_NOT_FOUND", "there is no such bridge");
  }
  media::v1::AudioState& state = audio[request.operation_id()];
  state.set_operation_id(request.operation_id());
  state.set_status(audio_waits ? media::v1::AudioState::STATUS_QUEUED : media::v1::AudioState::STATUS_PLAYING);
  plays[request.operation_id()] = request;
  return state;
}

media::v1::StopAudioResponse FakeMediaNode::Stop(const media::v1::StopAudioRequest& request) {
  if (!request.operation_id().empty() && !audio.contains(request.operation_id())) {
    media::v1::AudioState& state = audio[request.operation_id()];
    state.set_operation_id(request.operation_id());
    state.set_status(media::v1::AudioState::STATUS_ENDED);
    state.set_cause(media::v1::AudioFinished::CAUSE_STOPPED);
  }
  media::v1::StopAudioResponse response;
  for (const auto& [id, play] : plays) {
    const bool is_meant = id == request.operation_id() ||
                          (!request.leg_id().empty() && play.leg_id() == request.leg_id()) ||
                          (!request.bridge_id().empty() && play.bridge_id() == request.bridge_id());
    if (!is_meant || audio[id].status() == media::v1::AudioState::STATUS_ENDED) continue;
    response.add_operation_ids(id);
    FinishAudio(id, media::v1::AudioFinished::CAUSE_STOPPED);
  }
  return response;
}

void FakeMediaNode::FinishAudio(const std::string& operation_id, media::v1::AudioFinished::Cause cause) {
  media::v1::AudioState& state = audio.at(operation_id);
  if (state.status() == media::v1::AudioState::STATUS_ENDED) return;
  state.set_status(media::v1::AudioState::STATUS_ENDED);
  state.set_cause(cause);
  auto& finished = *AddEvent().mutable_audio_finished();
  finished.set_operation_id(operation_id);
  finished.set_leg_id(plays.at(operation_id).leg_id());
  finished.set_bridge_id(plays.at(operation_id).bridge_id());
  finished.set_cause(cause);
}

void FakeMediaNode::ForsakeAudio(const std::string& target_id) {
  for (const auto& [id, play] : plays) {
    if (play.leg_id() == target_id || play.bridge_id() == target_id) {
      FinishAudio(id, media::v1::AudioFinished::CAUSE_TARGET_GONE);
    }
  }
}

NodeSnapshot FakeMediaNode::Snapshot(absl::Time requested_at) const {
  NodeSnapshot snapshot;
  snapshot.epoch = epoch_;
  snapshot.sequence = sequence_;
  snapshot.requested_at = requested_at;
  for (const auto& [id, leg] : legs) snapshot.legs.push_back(leg);
  for (const auto& [id, bridge] : bridges) snapshot.bridges.push_back(bridge);
  return snapshot;
}

void FakeMediaNode::Restart(const std::string& epoch) {
  epoch_ = epoch;
  sequence_ = 0;
  legs.clear();
  bridges.clear();
  events.clear();
  tombstones_.clear();
  offers.clear();
  wanted_bridges_.clear();
  sounds.clear();
  plays.clear();
  audio.clear();
}

void FakeMediaNode::ReportMediaTimeout(const std::string& leg_id) {
  legs.at(leg_id).set_media_timed_out(true);
  AddEvent().mutable_leg_media_timeout()->set_leg_id(leg_id);
}

}  // namespace tutti::control
