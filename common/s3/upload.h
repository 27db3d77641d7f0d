#ifndef COMMON_S3_UPLOAD_H_
#define COMMON_S3_UPLOAD_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/s3/bucket.h"

namespace tutti::s3 {

struct UploadOptions {
  // Held in memory, one at a time; more where a file would have more than 10 000 parts.
  int64_t part_bytes = 8 * 1024 * 1024;
  // Of each request, before the upload is given up for now.
  int tries = 5;
  // Between them; doubles.
  absl::Duration pause_min = absl::Milliseconds(500);
  // Waits; false: the process is to end.
  std::function<bool(absl::Duration)> pause;
  // A request has failed and will be made again.
  std::function<void(const absl::Status&)> on_retry = [](const absl::Status&) {};
};

// Uploads a file that doesn't change, and looks that all of it is there. In parts
// when it has more than one, whose progress is kept at `progress_path`: called again
// after an error or a crash it goes on where it was. Errors as of Bucket, NOT_FOUND
// (FILE_NOT_FOUND) of the file, and CANCELLED.
absl::Status UploadFile(Bucket& bucket, const std::string& path, const std::string& key,
                        const std::string& content_type, const std::string& progress_path,
                        const UploadOptions& options);

// Gives up an upload that has not ended, so that the server doesn't keep its parts.
absl::Status AbandonUpload(Bucket& bucket, const std::string& progress_path);

}  // namespace tutti::s3

#endif  // COMMON_S3_UPLOAD_H_
