#ifndef COMMON_S3_UPLOAD_PROGRESS_H_
#define COMMON_S3_UPLOAD_PROGRESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tutti::s3 {

// How far an upload in parts has come, in a file beside what is uploaded, so that a
// process that was killed goes on where it was.
class UploadProgress {
 public:
  struct Upload {
    std::string key;
    int64_t bytes = 0;
    int64_t part_bytes = 0;
    std::string id;
  };

  // Nothing: there is no such file, or none that can be read.
  static std::optional<UploadProgress> Load(const std::string& path);
  // UNAVAILABLE: the disk refuses it.
  static absl::StatusOr<UploadProgress> Begin(const std::string& path, const Upload& upload);

  const Upload& upload() const { return upload_; }
  // Of the parts that are there, from the first one on.
  const std::vector<std::string>& etags() const { return etags_; }

  // The next part is there. On the disk when it returns.
  absl::Status Add(const std::string& etag);
  void Remove();

 private:
  UploadProgress(std::string path, Upload upload) : path_(std::move(path)), upload_(std::move(upload)) {}

  std::string path_;
  Upload upload_;
  std::vector<std::string> etags_;
};

}  // namespace tutti::s3

#endif  // COMMON_S3_UPLOAD_PROGRESS_H_
