#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "control/media/fake_media_plane.h"

// Recordings, transcriptions and audio streams.

namespace tutti::control {
namespace {

using grpc::ServerContext;
using grpc::Status;
using media::v1::RecordingState;
using media::v1::TranscriptionState;

bool IsOver(const RecordingState& state) {
  return state.status() == RecordingState::STATUS_ENDED || state.status() == RecordingState::STATUS_FAILED;
}

Status BridgeNotFound() {
  return ToGrpcStatus(
      Error(absl::StatusCode::kFailedPrecondition, "BRIDGE_NOT_FOUND", "the bridge is not on this node"));
}

constexpr int64_t kRecordingBegan = 1'800'000'000;

// One file of 10 s.
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
}

}  // namespace

void FakeMediaPlane::EndRecording(const std::string& recording_id, RecordingState::Failure failure) {
  absl::MutexLock lock(&mutex_);
  FinishRecording(recordings_[recording_id], failure);
}

void FakeMediaPlane::EmitTranscript(const media::v1::TranscriptMade& made) {
  absl::MutexLock lock(&mutex_);
  *Emit().mutable_transcript_made() = made;
}

void FakeMediaPlane::EmitInterim(const media::v1::TranscriptInterim& interim) {
  absl::MutexLock lock(&mutex_);
  *live_log_.emplace_back().mutable_transcript_interim() = interim;
  changed_.SignalAll();
}

void FakeMediaPlane::CloseStream(const std::string& leg_id) {
  absl::MutexLock lock(&mutex_);
  legs_[leg_id].state.set_stream_closed(true);
  Emit().mutable_leg_stream_closed()->set_leg_id(leg_id);
}

std::optional<RecordingState> FakeMediaPlane::Recording(const std::string& recording_id) const {
  absl::MutexLock lock(&mutex_);
  const auto it = recordings_.find(recording_id);
  if (it == recordings_.end()) return std::nullopt;
  return it->second;
}

std::map<std::string, media::v1::OpenAudioStreamRequest> FakeMediaPlane::AudioStreams() const {
  absl::MutexLock lock(&mutex_);
  return audio_streams_;
}

std::optional<media::v1::LegStream> FakeMediaPlane::Stream(const std::string& leg_id) const {
  absl::MutexLock lock(&mutex_);
  const auto it = legs_.find(leg_id);
  if (it == legs_.end()) return std::nullopt;
  return it->second.stream;
}

Status FakeMediaPlane::PutRecording(ServerContext* context, const media::v1::PutRecordingRequest* request,
                                    RecordingState* reply) {
  using Request = media::v1::PutRecordingRequest;
  absl::MutexLock lock(&mutex_);
  const std::string& id = request->recording_id();
  Status status = Begin({"PutRecording", id, request->revision(), request->bridge_id()}, context);
  if (status.ok() && recordings_.count(id) == 0 && bridges_.count(request->bridge_id()) == 0) {
    status = BridgeNotFound();
  }
  if (status.ok()) {
    RecordingState& state = recordings_[id];
    state.set_recording_id(id);
    job_bridges_[id] = request->bridge_id();
    if (request->revision() > state.revision()) {
      state.set_revision(request->revision());
      if (!state.has_tm_start()) state.mutable_tm_start()->set_seconds(kRecordingBegan);
      if (request->wanted() == Request::WANTED_STOP) {
        FinishRecording(state, RecordingState::FAILURE_UNSPECIFIED);
      } else if (!IsOver(state)) {
        state.set_status(request->wanted() == Request::WANTED_PAUSE ? RecordingState::STATUS_PAUSED
                                                                    : RecordingState::STATUS_RECORDING);
        *Emit().mutable_recording_changed()->mutable_recording() = state;
      }
    }
    *reply = state;
  }
  End(id, context);
  return status;
}

Status FakeMediaPlane::DeleteRecording(ServerContext* context, const media::v1::DeleteRecordingRequest* request,
                                       media::v1::DeleteRecordingResponse*) {
  absl::MutexLock lock(&mutex_);
  Status status = Begin({"DeleteRecording", request->recording_id(), 0, ""}, context);
  if (status.ok()) recordings_.erase(request->recording_id());
  End(request->recording_id(), context);
  return status;
}

Status FakeMediaPlane::PutTranscription(ServerContext* context, const media::v1::PutTranscriptionRequest* request,
                                        TranscriptionState* reply) {
  absl::MutexLock lock(&mutex_);
  const std::string& id = request->transcription_id();
  Status status = Begin({"PutTranscription", id, request->revision(), request->bridge_id()}, context);
  if (status.ok() && transcriptions_.count(id) == 0 && bridges_.count(request->bridge_id()) == 0) {
    status = BridgeNotFound();
  }
  if (status.ok()) {
    TranscriptionState& state = transcriptions_[id];
    state.set_transcription_id(id);
    job_bridges_[id] = request->bridge_id();
    if (request->revision() > state.revision()) {
      const bool stops = request->wanted() == media::v1::PutTranscriptionRequest::WANTED_STOP;
      state.set_revision(request->revision());
      state.set_provider(request->provider());
      state.set_status(stops ? TranscriptionState::STATUS_ENDED : TranscriptionState::STATUS_RUNNING);
      *Emit().mutable_transcription_changed()->mutable_transcription() = state;
    }
    *reply = state;
  }
  End(id, context);
  return status;
}

Status FakeMediaPlane::OpenAudioStream(ServerContext* context, const media::v1::OpenAudioStreamRequest* request,
                                       media::v1::OpenAudioStreamResponse*) {
  absl::MutexLock lock(&mutex_);
  Status status = Begin({"OpenAudioStream", request->bridge_id(), 0, request->bridge_id()});
  if (status.ok() && bridges_.count(request->bridge_id()) == 0) status = BridgeNotFound();
  if (status.ok()) audio_streams_[request->token()] = *request;
  End(request->bridge_id(), context);
  return status;
}

void FakeMediaPlane::FinishRecording(RecordingState& state, RecordingState::Failure failure) {
  if (IsOver(state)) return;
  const bool failed = failure != RecordingState::FAILURE_UNSPECIFIED;
  state.set_status(failed ? RecordingState::STATUS_FAILED : RecordingState::STATUS_ENDED);
  state.set_failure(failure);
  AddFiles(state);
  *Emit().mutable_recording_changed()->mutable_recording() = state;
}

void FakeMediaPlane::EndJobs(const std::string& bridge_id) {
  for (auto& [id, state] : recordings_) {
    if (job_bridges_[id] == bridge_id) FinishRecording(state, RecordingState::FAILURE_UNSPECIFIED);
  }
  for (auto& [id, state] : transcriptions_) {
    if (job_bridges_[id] != bridge_id || state.status() == TranscriptionState::STATUS_ENDED) continue;
    state.set_status(TranscriptionState::STATUS_ENDED);
    *Emit().mutable_transcription_changed()->mutable_transcription() = state;
  }
}

void FakeMediaPlane::CutRecordings() {
  for (auto& [id, state] : recordings_) {
    if (IsOver(state)) continue;
    state.set_status(RecordingState::STATUS_FAILED);
    state.set_failure(RecordingState::FAILURE_NODE_LOST);
    AddFiles(state);
  }
}

void FakeMediaPlane::TellJobs(media::v1::SnapshotResponse& response, Writer<media::v1::SnapshotResponse>* writer) {
  for (const auto& [id, state] : recordings_) {
    if (IsOver(state)) continue;
    *response.mutable_recording() = state;
    writer->Write(response);
  }
  for (const auto& [id, state] : transcriptions_) {
    if (state.status() == TranscriptionState::STATUS_ENDED) continue;
    *response.mutable_transcription() = state;
    writer->Write(response);
  }
}

}  // namespace tutti::control
