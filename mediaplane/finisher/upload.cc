#include "mediaplane/finisher/upload.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "mediaplane/recording/folder.h"

namespace tutti::mediaplane {
namespace {

using media::v1::RecordingFile;
using media::v1::RecordingFolder;
using media::v1::RecordingState;

std::string PathOf(const std::string& folder, const RecordingFile& file) {
  return absl::StrCat(folder, "/", file.name());
}

std::string ProgressOf(const std::string& folder, const RecordingFile& file) {
  return absl::StrCat(PathOf(folder, file), ".upload");
}

std::string KeyOf(const RecordingState& state, const RecordingFile& file) {
  return absl::StrCat(state.recording_id(), "/", file.name());
}

absl::Status RemoveFiles(Disk& disk, const std::string& folder, const RecordingState& state) {
  for (const RecordingFile& file : state.files()) TUTTI_RETURN_IF_ERROR(disk.Remove(PathOf(folder, file)));
  return absl::OkStatus();
}

}  // namespace

absl::Status UploadRecording(Disk& disk, s3::Bucket& bucket, const std::string& folder,
                             const s3::UploadOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(RecordingFolder recording, ReadFolderState(folder));
  RecordingState& state = *recording.mutable_state();
  if (state.status() != RecordingState::STATUS_ENDED && state.status() != RecordingState::STATUS_FAILED) {
    return absl::FailedPreconditionError("the recording is not over");
  }
  if (!state.uploaded()) {
    for (const RecordingFile& file : state.files()) {
      const absl::Status status = s3::UploadFile(bucket, PathOf(folder, file), KeyOf(state, file), file.content_type(),
                                                 ProgressOf(folder, file), options);
      // Taken away by hand: the others shall not wait for it for ever.
      if (GetErrorDetail(status).reason == "FILE_NOT_FOUND") {
        std::fprintf(stderr, "recording_finish: %s\n", std::string(status.message()).c_str());
        continue;
      }
      TUTTI_RETURN_IF_ERROR(status);
    }
    state.set_uploaded(true);
    TUTTI_RETURN_IF_ERROR(WriteFolderState(disk, folder, recording));
  }
  return RemoveFiles(disk, folder, state);
}

absl::Status DeleteUploads(Disk& disk, s3::Bucket& bucket, const std::string& folder) {
  const auto recording = ReadFolderState(folder);
  if (absl::IsNotFound(recording.status())) return absl::OkStatus();
  TUTTI_RETURN_IF_ERROR(recording.status());
  // At once, whether the object store can be reached or not.
  TUTTI_RETURN_IF_ERROR(RemoveFiles(disk, folder, recording->state()));
  for (const RecordingFile& file : recording->state().files()) {
    TUTTI_RETURN_IF_ERROR(s3::AbandonUpload(bucket, ProgressOf(folder, file)));
    TUTTI_RETURN_IF_ERROR(bucket.Delete(KeyOf(recording->state(), file)));
  }
  return absl::OkStatus();
}

}  // namespace tutti::mediaplane
