#include <map>
#include <optional>
#include <set>

#include "common/status/status.h"
#include "control/core/media_reports.h"
#include "control/core/node_lease.h"
#include "control/core/reconcile.h"
#include "control/rules/times.h"

// Recordings and transcriptions of the store and of a media node, brought together.

namespace tutti::control {
namespace {

using store::NodeJob;
using store::RecordingRecord;
using store::TranscribeRecord;
using R = v1::Recording;
using RecordingState = media::v1::RecordingState;
using TranscriptionState = media::v1::TranscriptionState;

// What the row is when all of this is told.
R::Status StatusOf(RecordingState::Status status) {
  switch (status) {
    case RecordingState::STATUS_RECORDING:
      return R::STATUS_RECORDING;
    case RecordingState::STATUS_PAUSED:
      return R::STATUS_PAUSED;
    case RecordingState::STATUS_FINISHING:
      return R::STATUS_STOPPING;
    case RecordingState::STATUS_ENDED:
      return R::STATUS_ENDED;
    case RecordingState::STATUS_FAILED:
      return R::STATUS_FAILED;
    default:
      return R::STATUS_INITIATING;
  }
}

// Whether the node does not do yet what the row wants.
bool IsBehind(const NodeJob& job, int64_t revision, bool is_running) {
  return revision < job.revision() ||
         (is_running && job.wanted() != NodeJob::WANTED_RUN && job.wanted() != NodeJob::WANTED_PAUSE);
}

absl::Status CompareRecording(Transaction& tx, const std::string& node_id, const RecordingState& state,
                              Differences& differences) {
  const std::string& id = state.recording_id();
  const bool is_running = state.status() == RecordingState::STATUS_STARTING ||
                          state.status() == RecordingState::STATUS_RECORDING ||
                          state.status() == RecordingState::STATUS_PAUSED;
  TUTTI_ASSIGN_OR_RETURN(const auto record, tx.recordings.Find(id, Lock::kNo));
  if (!record.has_value() || record->job().node_id() != node_id) {
    if (is_running) differences.unknown.recordings.push_back({node_id, id, state.revision() + 1, true});
    return absl::OkStatus();
  }
  const NodeJob& job = record->job();
  const bool is_given_up = job.wanted() == NodeJob::WANTED_NOTHING;
  if (!is_given_up && IsBehind(job, state.revision(), is_running)) {
    differences.repeats.recordings.push_back({node_id, id, job.revision()});
  }
  const bool is_over = record->over_at_us() != 0;
  if ((is_over && is_given_up && is_running) ||
      (!is_over && (job.command_at_us() != 0 || record->recording().status() != StatusOf(state.status())))) {
    differences.recordings.push_back(id);
  }
  return absl::OkStatus();
}

absl::Status CompareTranscription(Transaction& tx, const std::string& node_id, const TranscriptionState& state,
                                  Differences& differences) {
  const std::string& id = state.transcription_id();
  const bool is_running = state.status() == TranscriptionState::STATUS_RUNNING;
  TUTTI_ASSIGN_OR_RETURN(const auto record, tx.transcribes.Find(id, Lock::kNo));
  if (!record.has_value() || record->job().node_id() != node_id) {
    if (is_running) differences.unknown.transcriptions.push_back({node_id, id, state.revision() + 1, true});
    return absl::OkStatus();
  }
  const NodeJob& job = record->job();
  const bool is_given_up = job.wanted() == NodeJob::WANTED_NOTHING;
  if (!is_given_up && IsBehind(job, state.revision(), is_running)) {
    differences.repeats.transcriptions.push_back({node_id, id, job.revision()});
  }
  const bool is_over = record->transcribe().status() != v1::Transcribe::STATUS_PROGRESSING;
  if (!is_over || (is_given_up && is_running)) differences.transcribes.push_back(id);
  return absl::OkStatus();
}

absl::Status CompareMissingRecording(Transaction& tx, const std::string& id, Differences& differences) {
  TUTTI_ASSIGN_OR_RETURN(const auto record, tx.recordings.Find(id, Lock::kNo));
  if (!record.has_value()) return absl::OkStatus();
  const R::Status status = record->recording().status();
  // Begun in a process that is no more: it is not taken up again.
  if (differences.epoch_changed && (status == R::STATUS_RECORDING || status == R::STATUS_PAUSED)) {
    differences.recordings.push_back(id);
    return absl::OkStatus();
  }
  // The node tells its last state.
  differences.repeats.recordings.push_back({record->job().node_id(), id, record->job().revision()});
  return absl::OkStatus();
}

// Whether the node had it before and, as it is not in the snapshot, is over with it.
bool IsGone(const TranscribeRecord& record, absl::Time known_until, bool epoch_changed) {
  return record.has_begun() && record.transcribe().status() == v1::Transcribe::STATUS_PROGRESSING &&
         (epoch_changed || FromTimestamp(record.transcribe().tm_update()) < known_until);
}

absl::Status CompareMissingTranscribe(Transaction& tx, const std::string& id, absl::Time known_until,
                                      Differences& differences) {
  TUTTI_ASSIGN_OR_RETURN(const auto record, tx.transcribes.Find(id, Lock::kNo));
  if (!record.has_value()) return absl::OkStatus();
  const bool is_gone = IsGone(*record, known_until, differences.epoch_changed);
  if (!is_gone) differences.repeats.transcriptions.push_back({record->job().node_id(), id, record->job().revision()});
  // A process that is no more may have told texts of one whose beginning nobody has heard of.
  if (is_gone || differences.epoch_changed || differences.events_lost) differences.transcribes.push_back(id);
  return absl::OkStatus();
}

template <typename State>
std::optional<State> FindState(const std::map<std::string, State>& states, const std::string& id) {
  const auto found = states.find(id);
  return found == states.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

absl::Status CompareJobs(Transaction& tx, const std::string& node_id, const NodeSnapshot& snapshot,
                         absl::Time known_until, Differences& differences) {
  std::set<std::string> ids;
  for (const RecordingState& state : snapshot.recordings) {
    ids.insert(state.recording_id());
    TUTTI_RETURN_IF_ERROR(CompareRecording(tx, node_id, state, differences));
  }
  for (const TranscriptionState& state : snapshot.transcriptions) {
    ids.insert(state.transcription_id());
    TUTTI_RETURN_IF_ERROR(CompareTranscription(tx, node_id, state, differences));
  }
  TUTTI_ASSIGN_OR_RETURN(const auto recordings, tx.recordings.FindByNode(node_id));
  for (const std::string& id : recordings) {
    if (!ids.contains(id)) TUTTI_RETURN_IF_ERROR(CompareMissingRecording(tx, id, differences));
  }
  TUTTI_ASSIGN_OR_RETURN(const auto transcribes, tx.transcribes.FindByNode(node_id));
  for (const std::string& id : transcribes) {
    if (!ids.contains(id)) TUTTI_RETURN_IF_ERROR(CompareMissingTranscribe(tx, id, known_until, differences));
  }
  return absl::OkStatus();
}

std::vector<Steps::Rule> MendJobs(const NodeLease& lease, const NodeSnapshot& snapshot, absl::Time known_until,
                                  const Differences& differences) {
  std::map<std::string, RecordingState> recordings;
  for (const RecordingState& state : snapshot.recordings) recordings[state.recording_id()] = state;
  std::map<std::string, TranscriptionState> transcriptions;
  for (const TranscriptionState& state : snapshot.transcriptions) transcriptions[state.transcription_id()] = state;
  std::vector<Steps::Rule> rules;
  for (const std::string& id : differences.recordings) {
    rules.push_back([lease, id, state = FindState(recordings, id)](Work& work, Rules& rules) -> absl::Status {
      TUTTI_RETURN_IF_ERROR(HoldLease(work, lease));
      if (state.has_value()) return ApplyRecordingState(work, rules, lease.node_id, *state, true);
      return LoseRecording(work, rules, lease.node_id, id);
    });
  }
  for (const std::string& id : differences.transcribes) {
    rules.push_back([lease, id, known_until, state = FindState(transcriptions, id), lost = differences.events_lost,
                     epoch_changed = differences.epoch_changed](Work& work, Rules& rules) -> absl::Status {
      TUTTI_RETURN_IF_ERROR(HoldLease(work, lease));
      TUTTI_ASSIGN_OR_RETURN(TranscribeRecord * record, work.Transcribe(id));
      if (record == nullptr || record->job().node_id() != lease.node_id) return absl::OkStatus();
      const bool is_gone = !state.has_value() && IsGone(*record, known_until, epoch_changed);
      // Texts may have been among the events.
      const bool is_running = record->transcribe().status() == v1::Transcribe::STATUS_PROGRESSING;
      if ((lost || epoch_changed) && is_running) rules.NoteLosses(*record);
      if (state.has_value()) return rules.SyncTranscribe(*record, *state, true);
      if (!is_gone) return absl::OkStatus();
      if (epoch_changed) return LoseTranscribe(work, rules, lease.node_id, id);
      return rules.MoveTranscribe(*record, TranscribeEvent::kEnded);
    });
  }
  return rules;
}

absl::Status LoseRecording(Work& work, Rules& rules, const std::string& node_id, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(RecordingRecord * record, work.Recording(id));
  if (record == nullptr || record->job().node_id() != node_id || record->over_at_us() != 0) return absl::OkStatus();
  return rules.MoveRecording(*record, RecordingEvent::kNodeLost, R::FAILURE_REASON_MEDIA_NODE_LOST);
}

absl::Status LoseTranscribe(Work& work, Rules& rules, const std::string& node_id, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(TranscribeRecord * record, work.Transcribe(id));
  if (record == nullptr || record->job().node_id() != node_id) return absl::OkStatus();
  return rules.MoveTranscribe(*record, TranscribeEvent::kNodeLost, v1::Transcribe::FAILURE_REASON_MEDIA_NODE_LOST);
}

}  // namespace tutti::control
