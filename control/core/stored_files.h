#ifndef CONTROL_CORE_STORED_FILES_H_
#define CONTROL_CORE_STORED_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "control/core/done.h"
#include "tutti/control/v1/recording.pb.h"

namespace tutti::control {

class Steps;

// A file of any customer's: the caller asks whether it may be seen.
struct StoredFile {
  std::string customer_id;
  std::string recording_id;
  // Of the media node that has made it, and has it unless file.store says otherwise.
  std::string node_id;
  v1::Recording::Status status = v1::Recording::STATUS_UNSPECIFIED;
  // Empty where the recording is not over yet.
  v1::RecordingFile file;
  absl::Time tm_update;
  // When the recording was over.
  absl::Time tm_end;
};

// Where recordings' files are, and that they are gone. Thread-safe.
class StoredFiles {
 public:
  explicit StoredFiles(Steps& steps) : steps_(steps) {}

  // NOT_FOUND (RECORDING_FILE_NOT_FOUND).
  absl::StatusOr<StoredFile> Find(const std::string& file_id);

  // The names of a deleted recording's files, which may be in the object store.
  // NOT_FOUND: they need not be deleted (any more).
  absl::StatusOr<std::vector<std::string>> ReadDeletion(const std::string& recording_id);
  // They are gone from the object store.
  void NoteDeletion(const std::string& recording_id, DoneStatus done);

 private:
  Steps& steps_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_STORED_FILES_H_
