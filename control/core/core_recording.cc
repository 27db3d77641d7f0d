#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/core_impl.h"
#include "control/core/times.h"
#include "control/core/validate.h"

namespace tutti::control {
namespace {

using store::ConferenceRecord;
using store::NodeJob;
using store::RecordingRecord;
using ConferenceReply = Reply<ConferenceRecord, v1::Conference>;
using RecordingReply = Reply<RecordingRecord, v1::Recording>;

bool IsOf(const std::optional<RecordingRecord>& record, const Principal& principal) {
  return record.has_value() && !record->is_deleted() && record->recording().customer_id() == principal.customer_id;
}

std::string ListScope(const Principal& principal, const v1::ListRecordingsRequest& request) {
  return absl::StrCat("recordings/", principal.customer_id, "/", request.status(), "/", request.conference_id());
}

absl::Status FileNotFound(const std::string& id) {
  return Error(absl::StatusCode::kNotFound, "RECORDING_FILE_NOT_FOUND",
               absl::StrCat("there is no recording file ", id));
}

media::v1::PutRecordingRequest::Wanted WantedOf(NodeJob::Wanted wanted) {
  switch (wanted) {
    case NodeJob::WANTED_RUN:
      return media::v1::PutRecordingRequest::WANTED_RECORD;
    case NodeJob::WANTED_PAUSE:
      return media::v1::PutRecordingRequest::WANTED_PAUSE;
    default:
      return media::v1::PutRecordingRequest::WANTED_STOP;
  }
}

// The recording that is on that node; null for a stray one.
absl::StatusOr<RecordingRecord*> FindOnNode(Work& work, const std::string& node_id, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(RecordingRecord * record, work.Recording(id));
  return record != nullptr && record->job().node_id() == node_id ? record : nullptr;
}

}  // namespace

void Core::StartRecording(const Principal& principal, const v1::StartRecordingRequest& request,
                          Done<v1::Conference> done) {
  if (absl::Status status = CheckStartRecording(request); !status.ok()) return done(status);
  impl_->RunReply<ConferenceRecord, v1::Conference>(
      [impl = impl_.get(), principal, request](Work& work, Rules& rules) -> absl::StatusOr<ConferenceReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, LoadConference(work, principal, request.id()));
        // Its own errors come first.
        TUTTI_RETURN_IF_ERROR(Next(room->conference(), ConferenceEvent::kListen).status());
        std::string node_id = room->node_id();
        if (room->conference().recording_id().empty()) {
          TUTTI_ASSIGN_OR_RETURN(node_id, impl->nodes.Pick(room->node_id()));
        }
        TUTTI_RETURN_IF_ERROR(rules.StartRecording(*room, request, node_id).status());
        return ConferenceReply{room, std::nullopt};
      },
      std::move(done));
}

void Core::StopRecording(const Principal& principal, const std::string& conference_id, Done<v1::Conference> done) {
  if (absl::Status status = CheckId("id", conference_id); !status.ok()) return done(status);
  impl_->RunReply<ConferenceRecord, v1::Conference>(
      [principal, conference_id](Work& work, Rules& rules) -> absl::StatusOr<ConferenceReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, LoadConference(work, principal, conference_id));
        TUTTI_RETURN_IF_ERROR(rules.StopRecording(*room));
        work.Emit("conference_updated", *room);
        return ConferenceReply{room, std::nullopt};
      },
      std::move(done));
}

void Core::PauseRecording(const Principal& principal, const std::string& conference_id, bool paused,
                          Done<v1::Conference> done) {
  if (absl::Status status = CheckId("id", conference_id); !status.ok()) return done(status);
  impl_->RunReply<ConferenceRecord, v1::Conference>(
      [principal, conference_id, paused](Work& work, Rules& rules) -> absl::StatusOr<ConferenceReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, LoadConference(work, principal, conference_id));
        TUTTI_RETURN_IF_ERROR(rules.PauseRecording(*room, paused));
        return ConferenceReply{room, std::nullopt};
      },
      std::move(done));
}

absl::StatusOr<v1::Recording> Core::GetRecording(const Principal& principal, const std::string& id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", id));
  v1::Recording recording;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.recordings.Find(id, Lock::kNo));
    if (!IsOf(record, principal)) return ResourceNotFound("recording", id);
    recording = Show(*record);
    return absl::OkStatus();
  }));
  return recording;
}

absl::StatusOr<v1::ListRecordingsResponse> Core::ListRecordings(const Principal& principal,
                                                                const v1::ListRecordingsRequest& request) {
  TUTTI_ASSIGN_OR_RETURN(const int size, CheckPageSize(request.page_size()));
  if (!request.conference_id().empty()) TUTTI_RETURN_IF_ERROR(CheckId("conference_id", request.conference_id()));
  const std::string scope = ListScope(principal, request);
  TUTTI_ASSIGN_OR_RETURN(const PageStart start, OpenPageToken(*impl_->signer, scope, request.page_token()));
  v1::ListRecordingsResponse response;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(
        auto records,
        tx.recordings.List({principal.customer_id, request.conference_id(), request.status()}, start, size + 1));
    for (size_t i = 0; i < records.size() && i < static_cast<size_t>(size); ++i) {
      *response.add_result() = Show(records[i]);
    }
    if (records.size() > static_cast<size_t>(size)) {
      const v1::Recording& last = response.result(size - 1);
      response.set_next_page_token(
          MakePageToken(*impl_->signer, scope, table::Microseconds(last.tm_create()), last.id()));
    }
    return absl::OkStatus();
  }));
  return response;
}

void Core::DeleteRecording(const Principal& principal, const std::string& id, Done<v1::Recording> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  impl_->RunReply<RecordingRecord, v1::Recording>(
      [principal, id](Work& work, Rules& rules) -> absl::StatusOr<RecordingReply> {
        TUTTI_ASSIGN_OR_RETURN(RecordingRecord * record, work.Recording(id));
        if (record == nullptr || record->is_deleted() || record->recording().customer_id() != principal.customer_id) {
          return ResourceNotFound("recording", id);
        }
        TUTTI_RETURN_IF_ERROR(rules.DeleteRecording(*record));
        return RecordingReply{record, std::nullopt};
      },
      std::move(done));
}

absl::StatusOr<Core::StoredFile> Core::FindRecordingFile(const std::string& file_id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", file_id));
  StoredFile found;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(std::string recording_id, tx.recordings.FindByFile(file_id));
    // The mixed one has its recording's id, also before it is over.
    if (recording_id.empty()) recording_id = file_id;
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.recordings.Find(recording_id, Lock::kNo));
    if (!record.has_value() || record->is_deleted()) return FileNotFound(file_id);
    const v1::Recording& recording = record->recording();
    found.customer_id = recording.customer_id();
    found.node_id = record->job().node_id();
    found.recording_id = recording.id();
    found.status = recording.status();
    found.tm_update = FromTimestamp(recording.tm_update());
    found.tm_end = absl::FromUnixMicros(record->over_at_us());
    for (const v1::RecordingFile& file : recording.files()) {
      if (file.id() != file_id) continue;
      found.file = file;
      return absl::OkStatus();
    }
    // It may still come.
    const bool is_over =
        recording.status() == v1::Recording::STATUS_ENDED || recording.status() == v1::Recording::STATUS_FAILED;
    return is_over ? FileNotFound(file_id) : absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<RecordingCommand> Core::ReadRecordingCommand(const MediaRef& ref) {
  RecordingCommand command;
  command.node_id = ref.node_id;
  if (ref.stray) {
    auto& put = command.request.emplace<media::v1::PutRecordingRequest>();
    put.set_recording_id(ref.id);
    put.set_revision(ref.revision);
    put.set_wanted(media::v1::PutRecordingRequest::WANTED_STOP);
    return command;
  }
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.recordings.Find(ref.id, Lock::kNo));
    if (!record.has_value() || record->job().wanted() == NodeJob::WANTED_NOTHING) return NothingWanted(ref.id);
    command.node_id = record->job().node_id();
    if (record->job().wanted() == NodeJob::WANTED_DELETE) {
      command.request.emplace<media::v1::DeleteRecordingRequest>().set_recording_id(ref.id);
      return absl::OkStatus();
    }
    const v1::Recording& recording = record->recording();
    auto& put = command.request.emplace<media::v1::PutRecordingRequest>();
    put.set_recording_id(ref.id);
    put.set_revision(record->job().revision());
    put.set_bridge_id(recording.reference_id());
    put.set_wanted(WantedOf(record->job().wanted()));
    put.set_format(static_cast<media::v1::RecordingFormat>(recording.format()));
    put.set_sample_rate_hz(recording.rate());
    put.set_per_speaker(recording.per_speaker());
    put.set_duration_ms_max(int64_t{1'000} * recording.duration_max());
    return absl::OkStatus();
  }));
  return command;
}

void Core::RecordingPut(const std::string& node_id, const media::v1::RecordingState& state, DoneStatus done) {
  impl_->Run(
      [node_id, state](Work& work, Rules& rules) { return ApplyRecordingState(work, rules, node_id, state, false); },
      std::move(done));
}

void Core::RecordingRefused(const std::string& node_id, const std::string& recording_id, int64_t revision,
                            const absl::Status& why, DoneStatus done) {
  impl_->Run(
      [node_id, recording_id, revision, code = why.code()](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(RecordingRecord * record, FindOnNode(work, node_id, recording_id));
        return record == nullptr ? absl::OkStatus() : rules.RefuseRecording(*record, revision, code);
      },
      std::move(done));
}

void Core::RecordingDeleted(const std::string& node_id, const std::string& recording_id, DoneStatus done) {
  impl_->Run(
      [node_id, recording_id](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(RecordingRecord * record, FindOnNode(work, node_id, recording_id));
        if (record != nullptr) rules.NoteDeletion(*record, false);
        return absl::OkStatus();
      },
      std::move(done));
}

absl::StatusOr<std::vector<std::string>> Core::ReadObjectDeletion(const std::string& recording_id) {
  std::vector<std::string> names;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.recordings.Find(recording_id, Lock::kNo));
    if (!record.has_value() || !record->is_deleted() || record->deadline_at_us() == 0) {
      return NothingWanted(recording_id);
    }
    for (const v1::RecordingFile& file : record->recording().files()) names.push_back(file.name());
    return absl::OkStatus();
  }));
  return names;
}

void Core::ObjectsDeleted(const std::string& recording_id, DoneStatus done) {
  impl_->Run(
      [recording_id](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(RecordingRecord * record, work.Recording(recording_id));
        if (record != nullptr) rules.NoteDeletion(*record, true);
        return absl::OkStatus();
      },
      std::move(done));
}

absl::Status ApplyRecordingState(Work& work, Rules& rules, const std::string& node_id,
                                 const media::v1::RecordingState& state, bool in_order) {
  TUTTI_ASSIGN_OR_RETURN(RecordingRecord * record, FindOnNode(work, node_id, state.recording_id()));
  return record == nullptr ? absl::OkStatus() : rules.SyncRecording(*record, state, in_order);
}

}  // namespace tutti::control
