#include "control/core/fake_media_node.h"

#include <utility>

#include "common/status/status.h"

namespace tutti::control {
namespace {

using media::v1::RecordingState;
using media::v1::TranscriptionState;

bool IsOver(const RecordingState& state) {
  return state.status() == RecordingState::STATUS_ENDED || state.status() == RecordingState::STATUS_FAILED;
}

bool IsOver(const TranscriptionState& state) {
  return state.status() == TranscriptionState::STATUS_ENDED || state.status() == TranscriptionState::STATUS_FAILED;
}

// 10 s of sound: the mixed file and the markers.
void AddFiles(RecordingState& state) {
  *state.mutable_tm_end() = state.tm_start();
  state.mutable_tm_end()->set_seconds(state.tm_start().seconds() + 10);
  state.set_duration_ms(10'000);
  auto& mixed = *state.add_files();
  mixed.set_file_id(state.recording_id());
  mixed.set_kind(media::v1::RecordingFile::KIND_MIXED);
  mixed.set_name(state.recording_id() + ".wav");
  mixed.set_content_type("audio/wav");
  mixed.set_size(320'044);
  auto& markers = *state.add_files();
  markers.set_file_id(state.recording_id());
  // Another version of the recording's id.
  markers.mutable_file_id()->at(14) = '8';
  markers.set_kind(media::v1::RecordingFile::KIND_MARKERS);
  markers.set_name(state.recording_id() + ".json");
  markers.set_content_type("application/json");
  markers.set_size(56);
}

}  // namespace

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
  participants[request.leg_id()] = request.participant_id();
  if (request.has_stream()) leg_tokens[request.leg_id()] = request.stream().token();
  // A new leg has a port that none has had before.
  if (!request.has_stream() && leg.answer().sections().empty())
    leg.mutable_answer()->add_sections()->set_rtp_port(next_port_ += 2);
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
  EndJobs(request.bridge_id());
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
  for (const auto& [id, recording] : recordings) {
    if (!IsOver(recording)) snapshot.recordings.push_back(recording);
  }
  for (const auto& [id, transcription] : transcriptions) {
    if (!IsOver(transcription)) snapshot.transcriptions.push_back(transcription);
  }
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
  transcriptions.clear();
  audio_streams.clear();
  leg_tokens.clear();
  for (auto& [id, recording] : recordings) {
    if (IsOver(recording)) continue;
    recording.set_status(media::v1::RecordingState::STATUS_FAILED);
    recording.set_failure(media::v1::RecordingState::FAILURE_NODE_LOST);
    AddFiles(recording);
  }
}

void FakeMediaNode::ReportMediaTimeout(const std::string& leg_id) {
  legs.at(leg_id).set_media_timed_out(true);
  AddEvent().mutable_leg_media_timeout()->set_leg_id(leg_id);
}

void FakeMediaNode::TellRecording(const std::string& recording_id) {
  *AddEvent().mutable_recording_changed()->mutable_recording() = recordings.at(recording_id);
}

absl::StatusOr<RecordingState> FakeMediaNode::Put(const media::v1::PutRecordingRequest& request) {
  using Request = media::v1::PutRecordingRequest;
  const std::string& id = request.recording_id();
  if (!recordings.contains(id)) {
    if (!job_refusal.ok()) return std::exchange(job_refusal, absl::OkStatus());
    if (!bridges.contains(request.bridge_id())) {
      return Error(absl::StatusCode::kFailedPrecondition, "BRIDGE_NOT_FOUND", "there is no such bridge");
    }
    RecordingState& state = recordings[id];
    state.set_recording_id(id);
    state.set_status(RecordingState::STATUS_STARTING);
  }
  RecordingState& state = recordings[id];
  if (request.revision() <= state.revision()) return state;
  state.set_revision(request.revision());
  recording_puts[id] = request;
  if (IsOver(state) || state.status() == RecordingState::STATUS_FINISHING) return state;
  // The reply is the state before the tick that begins, pauses or ends it.
  const RecordingState reply = state;
  if (!state.has_tm_start()) state.mutable_tm_start()->set_seconds(absl::ToUnixSeconds(tm_recording));
  if (request.wanted() == Request::WANTED_STOP) {
    state.set_status(RecordingState::STATUS_FINISHING);
    TellRecording(id);
    if (ends_itself) FinishRecording(id);
  } else {
    state.set_status(request.wanted() == Request::WANTED_PAUSE ? RecordingState::STATUS_PAUSED
                                                               : RecordingState::STATUS_RECORDING);
    TellRecording(id);
  }
  return reply;
}

media::v1::DeleteRecordingResponse FakeMediaNode::Delete(const media::v1::DeleteRecordingRequest& request) {
  recordings.erase(request.recording_id());
  return {};
}

void FakeMediaNode::FinishRecording(const std::string& recording_id) {
  RecordingState& state = recordings.at(recording_id);
  state.set_status(RecordingState::STATUS_ENDED);
  AddFiles(state);
  TellRecording(recording_id);
}

void FakeMediaNode::FailRecording(const std::string& recording_id, RecordingState::Failure failure) {
  RecordingState& state = recordings.at(recording_id);
  state.set_status(RecordingState::STATUS_FAILED);
  state.set_failure(failure);
  AddFiles(state);
  TellRecording(recording_id);
}

void FakeMediaNode::UploadRecording(const std::string& recording_id) {
  recordings.at(recording_id).set_uploaded(true);
  TellRecording(recording_id);
}

void FakeMediaNode::TellTranscription(const std::string& transcription_id) {
  *AddEvent().mutable_transcription_changed()->mutable_transcription() = transcriptions.at(transcription_id);
}

absl::StatusOr<TranscriptionState> FakeMediaNode::Put(const media::v1::PutTranscriptionRequest& request) {
  const std::string& id = request.transcription_id();
  if (!transcriptions.contains(id)) {
    if (!job_refusal.ok()) return std::exchange(job_refusal, absl::OkStatus());
    if (!bridges.contains(request.bridge_id())) {
      return Error(absl::StatusCode::kFailedPrecondition, "BRIDGE_NOT_FOUND", "there is no such bridge");
    }
    TranscriptionState& state = transcriptions[id];
    state.set_transcription_id(id);
    state.set_status(TranscriptionState::STATUS_RUNNING);
    state.set_provider(request.provider());
  }
  TranscriptionState& state = transcriptions[id];
  if (request.revision() <= state.revision()) return state;
  state.set_revision(request.revision());
  transcription_puts[id] = request;
  if (IsOver(state)) return state;
  if (request.wanted() == media::v1::PutTranscriptionRequest::WANTED_STOP) {
    state.set_status(TranscriptionState::STATUS_FINISHING);
  }
  const TranscriptionState reply = state;
  TellTranscription(id);
  if (state.status() == TranscriptionState::STATUS_FINISHING && ends_itself) {
    EndTranscription(id, TranscriptionState::STATUS_ENDED);
  }
  return reply;
}

void FakeMediaNode::EndTranscription(const std::string& transcription_id, TranscriptionState::Status status) {
  transcriptions.at(transcription_id).set_status(status);
  TellTranscription(transcription_id);
}

void FakeMediaNode::Degrade(const std::string& transcription_id, bool degraded, int64_t utterances_lost) {
  transcriptions.at(transcription_id).set_degraded(degraded);
  transcriptions.at(transcription_id).set_utterances_lost(utterances_lost);
  TellTranscription(transcription_id);
}

void FakeMediaNode::EndJobs(const std::string& bridge_id) {
  for (auto& [id, state] : recordings) {
    if (IsOver(state) || recording_puts[id].bridge_id() != bridge_id) continue;
    if (state.status() != RecordingState::STATUS_FINISHING) FinishRecording(id);
  }
  for (auto& [id, state] : transcriptions) {
    if (IsOver(state) || transcription_puts[id].bridge_id() != bridge_id) continue;
    EndTranscription(id, TranscriptionState::STATUS_ENDED);
  }
}

absl::StatusOr<media::v1::OpenAudioStreamResponse> FakeMediaNode::Open(
    const media::v1::OpenAudioStreamRequest& request) {
  if (!bridges.contains(request.bridge_id())) {
    return Error(absl::StatusCode::kFailedPrecondition, "BRIDGE_NOT_FOUND", "there is no such bridge");
  }
  audio_streams[request.token()] = request;
  return media::v1::OpenAudioStreamResponse();
}

void FakeMediaNode::CloseStream(const std::string& leg_id) {
  legs.at(leg_id).set_stream_closed(true);
  AddEvent().mutable_leg_stream_closed()->set_leg_id(leg_id);
}

}  // namespace tutti::control
