// Recordings that go to the object store, and from it when they are deleted on their way.

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "mediaplane/recording/folder.h"
#include "mediaplane/recording/recordings.h"

namespace tutti::mediaplane {

using media::v1::RecordingFile;
using media::v1::RecordingFolder;
using media::v1::RecordingState;

void Recordings::AddUpload(const std::string& recording_id, const Entry& entry) {
  const RecordingState& state = entry.folder.state();
  if (options_.upload != nullptr && !state.uploaded() && !state.files().empty()) uploads_.Add(recording_id);
}

void Recordings::BeginUpload(const std::string& recording_id) {
  Entry& entry = *entries_.at(recording_id);
  entry.deleting = entry.deleted;
  const RecordingsOptions::Work& work = entry.deleting ? options_.delete_uploads : options_.upload;
  work(FolderOf(recording_id), [inbox = inbox_, recording_id](absl::StatusOr<RecordingFolder> result) {
    absl::MutexLock lock(&inbox->mutex);
    inbox->uploaded.emplace_back(recording_id, std::move(result));
  });
}

void Recordings::OnUploaded(const std::string& recording_id, const absl::StatusOr<RecordingFolder>& result) {
  Entry& entry = *entries_.at(recording_id);
  uploads_.Done(recording_id, result.ok());
  if (!result.ok()) {
    log::Warning(entry.deleting ? "a deleted recording is still in the object store"
                                : "a recording can't be uploaded; it is kept here until it can",
                 {{"recording_id", recording_id}, {"error", std::string(result.status().message())}});
    return;
  }
  if (entry.deleting) return Remove(recording_id);
  RecordingState& state = *entry.folder.mutable_state();
  state.set_uploaded(true);
  RecordingFigures& figures = *options_.tools.figures;
  ++figures.uploaded;
  for (const RecordingFile& file : state.files()) figures.uploaded_bytes += static_cast<uint64_t>(file.size());
  log::Info("recording uploaded", {{"recording_id", recording_id}});
  UpdateFigures();
  // Deleted while it was on its way: control knows of no upload.
  if (entry.deleted) return uploads_.Add(recording_id);
  Tell(entry);
}

// What control has been told is in the object store it deletes there itself.
void Recordings::RemoveWithUploads(const std::string& recording_id, Entry& entry) {
  if (options_.delete_uploads == nullptr || entry.folder.state().uploaded() || entry.folder.state().files().empty()) {
    return Remove(recording_id);
  }
  // So that the next process goes on with it.
  options_.tools.write([disk = options_.tools.disk, path = absl::StrCat(FolderOf(recording_id), "/", kDeletedName)] {
    const absl::Status status = disk->Replace(path, "");
    if (!status.ok()) log::Error("a recording can't be marked as deleted", {{"error", std::string(status.message())}});
  });
  if (uploads_.IsRunning(recording_id)) return;
  uploads_.Drop(recording_id);
  uploads_.Add(recording_id);
}

}  // namespace tutti::mediaplane
