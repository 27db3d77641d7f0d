#ifndef CONTROL_FILES_OBJECT_DELETER_H_
#define CONTROL_FILES_OBJECT_DELETER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/s3/bucket.h"
#include "control/files/file_metrics.h"
#include "control/scheduler/task_queue.h"

namespace tutti::control {

// Deletes the files of deleted recordings from the object store, one recording after
// the other; what fails is asked for again by the core.
class ObjectDeleter {
 public:
  // The names of a deleted recording's files; NOT_FOUND: nothing is to be deleted.
  using ReadNames = std::function<absl::StatusOr<std::vector<std::string>>(const std::string& recording_id)>;
  using OnDeleted = std::function<void(const std::string& recording_id)>;

  // All outlive it.
  ObjectDeleter(s3::Bucket& bucket, FileMetrics& metrics, ReadNames read_names, OnDeleted on_deleted)
      : bucket_(bucket), metrics_(metrics), read_names_(std::move(read_names)), on_deleted_(std::move(on_deleted)) {}

  // Thread-safe; does not block.
  void Enqueue(const std::vector<std::string>& recording_ids);
  void Stop() { queue_.Stop(); }

 private:
  void Delete(const std::string& recording_id);

  s3::Bucket& bucket_;
  FileMetrics& metrics_;
  const ReadNames read_names_;
  const OnDeleted on_deleted_;
  // Last: its thread uses what is above.
  TaskQueue queue_;
};

}  // namespace tutti::control

#endif  // CONTROL_FILES_OBJECT_DELETER_H_
