// Recordings that a process before this one has left.

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/id/id.h"
#include "common/log/log.h"
#include "common/status/status.h"
#include "mediaplane/recording/folder.h"
#include "mediaplane/recording/recordings.h"

namespace tutti::mediaplane {

using media::v1::RecordingFolder;
using media::v1::RecordingState;

absl::Status Recordings::Load() {
  TUTTI_RETURN_IF_ERROR(options_.tools.disk->MakeFolder(options_.folder));
  std::error_code error;
  std::filesystem::directory_iterator it(options_.folder, error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (IsUuid(name)) LoadOne(name);
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("can't list ", options_.folder));
  UpdateFigures();
  return absl::OkStatus();
}

void Recordings::LoadOne(const std::string& recording_id) {
  absl::StatusOr<RecordingFolder> found = ReadFolderState(FolderOf(recording_id));
  if (!found.ok() || found->request().recording_id() != recording_id) {
    // It ended before anything was heard, or somebody else was at it: left as it is.
    log::Warning("a recording's folder has no state that can be read",
                 {{"recording_id", recording_id}, {"error", std::string(found.status().message())}});
    return;
  }
  auto entry = std::make_unique<Entry>();
  entry->folder = *std::move(found);
  RecordingState& state = *entry->folder.mutable_state();
  const RecordingState::Status status = state.status();
  Entry& kept = *(entries_[recording_id] = std::move(entry));
  if (std::filesystem::exists(absl::StrCat(FolderOf(recording_id), "/", kDeletedName))) {
    kept.deleted = true;
    return options_.delete_uploads != nullptr ? uploads_.Add(recording_id) : Remove(recording_id);
  }
  if (status == RecordingState::STATUS_ENDED || status == RecordingState::STATUS_FAILED) {
    return AddUpload(recording_id, kept);
  }
  if (status != RecordingState::STATUS_FINISHING) {
    state.set_status(RecordingState::STATUS_FINISHING);
    state.set_failure(RecordingState::FAILURE_NODE_LOST);
    log::Warning("a recording was cut off",
                 {{"recording_id", recording_id}, {"conference_id", kept.folder.request().bridge_id()}});
    const absl::Status written = WriteFolderState(*options_.tools.disk, FolderOf(recording_id), kept.folder);
    if (!written.ok()) {
      log::Error("a recording's state can't be written",
                 {{"recording_id", recording_id}, {"error", std::string(written.message())}});
    }
  }
  Finish(recording_id, kept);
}

}  // namespace tutti::mediaplane
