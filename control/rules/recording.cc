#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/rules/rules.h"
#include "control/rules/times.h"
#include "google/protobuf/util/message_differencer.h"

namespace tutti::control {
namespace {

using store::ConferenceRecord;
using store::NodeJob;
using store::RecordingRecord;
using R = v1::Recording;
using State = media::v1::RecordingState;

// Beyond what a room may have; a node that tells of more is not believed.
constexpr int kFilesMax = 4'096;

constexpr int kDurationSecondsMax = 86'400;
constexpr int kRateDefault = 16'000;

// A node that counts 24 hours ends it before the deadline does.
constexpr absl::Duration kAgeSlack = absl::Minutes(1);

// Until objects are asked to go again.
constexpr absl::Duration kObjectDeletionInterval = absl::Minutes(1);

R::FailureReason FailureOf(State::Failure failure) {
  switch (failure) {
    case State::FAILURE_DISK_FULL:
      return R::FAILURE_REASON_DISK_FULL;
    case State::FAILURE_DISK_FAILED:
      return R::FAILURE_REASON_DISK_FAILED;
    case State::FAILURE_DISK_SLOW:
      return R::FAILURE_REASON_DISK_SLOW;
    case State::FAILURE_NODE_LOST:
      return R::FAILURE_REASON_MEDIA_NODE_LOST;
    case State::FAILURE_CONVERSION:
      return R::FAILURE_REASON_CONVERSION_FAILED;
    default:
      return R::FAILURE_REASON_MEDIA_FAILED;
  }
}

bool IsOver(State::Status status) { return status == State::STATUS_ENDED || status == State::STATUS_FAILED; }

bool IsOver(R::Status status) { return status == R::STATUS_ENDED || status == R::STATUS_FAILED; }

// Whether it is the room's recording_id while it is so.
bool IsActive(R::Status status) {
  return status == R::STATUS_INITIATING || status == R::STATUS_RECORDING || status == R::STATUS_PAUSED;
}

v1::RecordingFile ToFile(const media::v1::RecordingFile& from, bool uploaded) {
  v1::RecordingFile to;
  to.set_id(from.file_id());
  to.set_kind(static_cast<v1::RecordingFile::Kind>(from.kind()));
  to.set_call_id(from.leg_id());
  to.set_conferencecall_id(from.participant_id());
  to.set_name(from.name());
  to.set_content_type(from.content_type());
  to.set_size(from.size());
  to.set_store(uploaded ? v1::RecordingFile::STORE_OBJECT_STORE : v1::RecordingFile::STORE_MEDIA_NODE);
  return to;
}

// What the node's files come to once it is over.
void TakeOutcome(const State& state, R& recording) {
  if (state.has_tm_end()) *recording.mutable_tm_end() = state.tm_end();
  recording.set_duration(static_cast<double>(state.duration_ms()) / 1'000);
  // What was uploaded stays so, whatever an older word says.
  const bool uploaded =
      state.uploaded() || std::any_of(recording.files().begin(), recording.files().end(),
                                      [](auto& f) { return f.store() == v1::RecordingFile::STORE_OBJECT_STORE; });
  recording.clear_files();
  int64_t size = 0;
  for (const media::v1::RecordingFile& file : state.files()) {
    if (recording.files_size() == kFilesMax) break;
    *recording.add_files() = ToFile(file, uploaded);
    size += file.size();
  }
  recording.set_size(size);
}

}  // namespace

absl::StatusOr<RecordingRecord*> Rules::StartRecording(ConferenceRecord& room, const v1::StartRecordingRequest& request,
                                                       const std::string& node_id) {
  TUTTI_RETURN_IF_ERROR(Next(room.conference(), ConferenceEvent::kListen).status());
  const std::string& current = room.conference().recording_id();
  if (!current.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, "RECORDING_ALREADY_ACTIVE",
                 absl::StrCat("conference ", request.id(), " is recorded by recording ", current),
                 {{"recording_id", current}});
  }
  PlaceBridge(room, node_id);
  RecordingRecord record;
  R& recording = *record.mutable_recording();
  recording.set_id(work_.NewId());
  recording.set_customer_id(room.conference().customer_id());
  recording.set_reference_type(R::REFERENCE_TYPE_CONFERENCE);
  recording.set_reference_id(room.conference().id());
  recording.set_status(R::STATUS_INITIATING);
  recording.set_format(request.format() == R::FORMAT_UNSPECIFIED ? R::FORMAT_WAV : request.format());
  recording.set_rate(request.rate() == 0 ? kRateDefault : request.rate());
  recording.set_per_speaker(request.per_speaker());
  recording.set_duration_max(request.duration() == 0 ? kDurationSecondsMax : request.duration());
  SetTime(*recording.mutable_tm_create(), work_.now());
  SetTime(*recording.mutable_tm_update(), work_.now());
  record.set_beep(request.beep());
  record.mutable_job()->set_node_id(room.node_id());
  record.set_deadline_at_us(ToMicroseconds(work_.now() + options_.recording_start_timeout));
  RecordingRecord* added = work_.Add(std::move(record));
  work_.Command(*added, NodeJob::WANTED_RUN);
  room.mutable_conference()->set_recording_id(added->recording().id());
  Remember(*room.mutable_conference()->mutable_recording_ids(), added->recording().id());
  work_.Emit("conference_updated", room);
  return added;
}

absl::StatusOr<RecordingRecord*> Rules::FindRecordingOf(const ConferenceRecord& room) {
  const std::string& id = room.conference().recording_id();
  if (id.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, "RECORDING_NOT_ACTIVE",
                 absl::StrCat("conference ", room.conference().id(), " is not recorded"));
  }
  TUTTI_ASSIGN_OR_RETURN(RecordingRecord * record, work_.Recording(id));
  if (record == nullptr) return absl::DataLossError("a room's recording is not in the store");
  return record;
}

absl::Status Rules::PauseRecording(ConferenceRecord& room, bool paused) {
  TUTTI_ASSIGN_OR_RETURN(RecordingRecord * record, FindRecordingOf(room));
  TUTTI_RETURN_IF_ERROR(Next(record->recording(), RecordingEvent::kChange).status());
  const NodeJob::Wanted wanted = paused ? NodeJob::WANTED_PAUSE : NodeJob::WANTED_RUN;
  if (record->job().wanted() != wanted) work_.Command(*record, wanted);
  return absl::OkStatus();
}

absl::Status Rules::StopRecording(ConferenceRecord& room) {
  TUTTI_ASSIGN_OR_RETURN(RecordingRecord * record, FindRecordingOf(room));
  // Before it stops: the caller tells of the room.
  work_.Touch(room);
  room.mutable_conference()->clear_recording_id();
  return MoveRecording(*record, RecordingEvent::kStop);
}

absl::Status Rules::MoveRecording(RecordingRecord& record, RecordingEvent event, R::FailureReason reason) {
  const R::Status before = record.recording().status();
  TUTTI_ASSIGN_OR_RETURN(const R::Status next, Next(record.recording(), event));
  if (next == before) return absl::OkStatus();
  TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, work_.Conference(record.recording().reference_id()));
  work_.Touch(record);
  record.mutable_recording()->set_status(next);
  const bool is_rooms = room != nullptr && room->conference().recording_id() == record.recording().id();
  switch (next) {
    case R::STATUS_RECORDING:
    case R::STATUS_PAUSED:
      if (before == R::STATUS_INITIATING) {
        record.set_deadline_at_us(ToMicroseconds(work_.now() + options_.age_max + kAgeSlack));
        work_.Emit("recording_started", record);
        if (record.beep() && is_rooms) work_.PlayBeep(*room, "beep", record.recording().id());
      } else if (next == R::STATUS_RECORDING) {
        work_.Emit("recording_resumed", record);
      }
      if (next == R::STATUS_PAUSED) work_.Emit("recording_paused", record);
      return absl::OkStatus();
    case R::STATUS_STOPPING:
      record.set_deadline_at_us(ToMicroseconds(work_.now() + options_.recording_stop_timeout));
      work_.Command(record, NodeJob::WANTED_STOP);
      break;
    case R::STATUS_ENDED:
      EndRecording(record);
      work_.Emit("recording_finished", record);
      break;
    default:
      record.mutable_recording()->set_failure_reason(reason);
      EndRecording(record);
      work_.Emit("recording_failed", record);
      // The node may still have it (a refusal may be that of a repeat), and what it says of
      // the files is wanted.
      if (event == RecordingEvent::kNodeLost || event == RecordingEvent::kTimeout ||
          event == RecordingEvent::kRefused) {
        work_.Command(record, NodeJob::WANTED_STOP);
      }
      break;
  }
  if (!is_rooms || !IsActive(before)) return absl::OkStatus();
  room->mutable_conference()->clear_recording_id();
  work_.Emit("conference_updated", *room);
  return absl::OkStatus();
}

void Rules::EndRecording(RecordingRecord& record) {
  record.set_deadline_at_us(0);
  record.set_over_at_us(ToMicroseconds(work_.now()));
  record.mutable_job()->set_wanted(NodeJob::WANTED_NOTHING);
  record.mutable_job()->set_command_at_us(0);
}

absl::Status Rules::SyncRecording(RecordingRecord& record, const State& state, bool in_order) {
  if (record.is_deleted()) return absl::OkStatus();
  if (record.job().command_at_us() != 0 && state.revision() >= record.job().revision()) {
    work_.Touch(record);
    record.mutable_job()->set_command_at_us(0);
  }
  R changed = record.recording();
  const bool has_begun = state.has_tm_start() && !changed.has_tm_start();
  if (has_begun) *changed.mutable_tm_start() = state.tm_start();
  if (IsOver(state.status())) TakeOutcome(state, changed);
  if (!google::protobuf::util::MessageDifferencer::Equals(changed, record.recording())) {
    work_.Touch(record);
    changed.mutable_tm_update()->CopyFrom(record.recording().tm_update());
    *record.mutable_recording() = changed;
    std::vector<std::string> files;
    for (const v1::RecordingFile& file : changed.files()) files.push_back(file.id());
    if (!files.empty()) {
      work_.AtEnd([id = changed.id(), files](Transaction& tx) { return tx.recordings.AddFiles(id, files); });
    }
  }
  // One whose beginning nobody has told yet has begun all the same.
  if (has_begun && changed.status() == R::STATUS_INITIATING) {
    TUTTI_RETURN_IF_ERROR(MoveRecording(record, RecordingEvent::kRecording));
  } else if (has_begun && changed.status() == R::STATUS_STOPPING) {
    work_.Emit("recording_started", record);
  }
  // A command that was late has begun it all the same.
  const bool is_given_up = record.over_at_us() != 0 && record.job().wanted() == NodeJob::WANTED_NOTHING;
  if (in_order && is_given_up && !IsOver(state.status())) work_.Command(record, NodeJob::WANTED_STOP);
  switch (state.status()) {
    case State::STATUS_RECORDING:
      // A reply may have been overtaken by what came after it.
      if (!in_order && record.recording().status() != R::STATUS_INITIATING) return absl::OkStatus();
      return MoveRecording(record, RecordingEvent::kRecording);
    case State::STATUS_PAUSED:
      if (!in_order && record.recording().status() != R::STATUS_INITIATING) return absl::OkStatus();
      return MoveRecording(record, RecordingEvent::kPaused);
    case State::STATUS_FINISHING:
      return MoveRecording(record, RecordingEvent::kFinishing);
    case State::STATUS_ENDED:
      TUTTI_RETURN_IF_ERROR(MoveRecording(record, RecordingEvent::kEnded));
      break;
    case State::STATUS_FAILED:
      TUTTI_RETURN_IF_ERROR(MoveRecording(record, RecordingEvent::kFailed, FailureOf(state.failure())));
      break;
    default:
      return absl::OkStatus();
  }
  // The node is asked until it has told where the files are in the end.
  const bool settled = !options_.recordings_uploaded || state.uploaded() || state.files().empty();
  const NodeJob::Wanted wanted = settled ? NodeJob::WANTED_NOTHING : NodeJob::WANTED_STOP;
  if (record.job().wanted() != wanted || record.job().command_at_us() != 0) {
    work_.Touch(record);
    record.mutable_job()->set_wanted(wanted);
    record.mutable_job()->set_command_at_us(0);
  }
  return absl::OkStatus();
}

absl::Status Rules::RefuseRecording(RecordingRecord& record, int64_t revision, absl::StatusCode why) {
  if (record.is_deleted() || revision != record.job().revision()) return absl::OkStatus();
  const bool is_busy = why == absl::StatusCode::kResourceExhausted;
  if (!IsOver(record.recording().status())) {
    // The node has one that has begun, and is asked again.
    if (is_busy && record.recording().has_tm_start()) return absl::OkStatus();
    return MoveRecording(record, RecordingEvent::kRefused,
                         is_busy ? R::FAILURE_REASON_MEDIA_NODE_BUSY : R::FAILURE_REASON_MEDIA_FAILED);
  }
  // It has nothing of it.
  work_.Touch(record);
  record.mutable_job()->set_wanted(NodeJob::WANTED_NOTHING);
  record.mutable_job()->set_command_at_us(0);
  return absl::OkStatus();
}

absl::Status Rules::DeleteRecording(RecordingRecord& record) {
  TUTTI_RETURN_IF_ERROR(Next(record.recording(), RecordingEvent::kDelete).status());
  record.set_is_deleted(true);
  record.set_over_at_us(ToMicroseconds(work_.now()));
  work_.Command(record, NodeJob::WANTED_DELETE);
  const auto& files = record.recording().files();
  const bool has_objects =
      options_.recordings_uploaded || std::any_of(files.begin(), files.end(), [](const v1::RecordingFile& file) {
        return file.store() == v1::RecordingFile::STORE_OBJECT_STORE;
      });
  if (has_objects) AskForObjectDeletion(record);
  return absl::OkStatus();
}

void Rules::AskForObjectDeletion(RecordingRecord& record) {
  work_.Touch(record);
  record.set_deadline_at_us(ToMicroseconds(work_.now() + kObjectDeletionInterval));
  work_.DeleteObjects(record);
}

void Rules::NoteDeletion(RecordingRecord& record, bool of_objects) {
  if (!record.is_deleted()) return;
  work_.Touch(record);
  if (of_objects) {
    record.set_deadline_at_us(0);
  } else {
    record.mutable_job()->set_wanted(NodeJob::WANTED_NOTHING);
    record.mutable_job()->set_command_at_us(0);
  }
  if (record.deadline_at_us() != 0 || record.job().wanted() != NodeJob::WANTED_NOTHING) return;
  work_.AtEnd([id = record.recording().id()](Transaction& tx) { return tx.recordings.Delete(id); });
}

absl::Status Rules::FireRecording(RecordingRecord& record) {
  if (record.is_deleted()) {
    AskForObjectDeletion(record);
    return absl::OkStatus();
  }
  switch (record.recording().status()) {
    case R::STATUS_RECORDING:
    case R::STATUS_PAUSED:
      return MoveRecording(record, RecordingEvent::kMaxAge);
    default:
      return MoveRecording(record, RecordingEvent::kTimeout, R::FAILURE_REASON_MEDIA_FAILED);
  }
}

}  // namespace tutti::control
