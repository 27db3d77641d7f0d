#include "control/core/stored_files.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/lookup.h"
#include "control/core/steps.h"
#include "control/rules/times.h"
#include "control/rules/validate.h"

namespace tutti::control {
namespace {

absl::Status FileNotFound(const std::string& id) {
  return Error(absl::StatusCode::kNotFound, "RECORDING_FILE_NOT_FOUND",
               absl::StrCat("there is no recording file ", id));
}

}  // namespace

absl::StatusOr<StoredFile> StoredFiles::Find(const std::string& file_id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", file_id));
  StoredFile found;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
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

absl::StatusOr<std::vector<std::string>> StoredFiles::ReadDeletion(const std::string& recording_id) {
  std::vector<std::string> names;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.recordings.Find(recording_id, Lock::kNo));
    if (!record.has_value() || !record->is_deleted() || record->deadline_at_us() == 0) {
      return NothingWanted(recording_id);
    }
    for (const v1::RecordingFile& file : record->recording().files()) names.push_back(file.name());
    return absl::OkStatus();
  }));
  return names;
}

void StoredFiles::NoteDeletion(const std::string& recording_id, DoneStatus done) {
  steps_.Run(
      [recording_id](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(store::RecordingRecord * record, work.Recording(recording_id));
        if (record != nullptr) rules.NoteDeletion(*record, true);
        return absl::OkStatus();
      },
      std::move(done));
}

}  // namespace tutti::control
