#include "common/s3/upload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/s3/upload_progress.h"
#include "common/status/status.h"

namespace tutti::s3 {
namespace {

constexpr int64_t kPartsMax = 10'000;
constexpr int64_t kMiB = 1024 * 1024;

absl::Status Code(const absl::Status& status) { return status; }
template <typename T>
absl::Status Code(const absl::StatusOr<T>& result) {
  return result.status();
}

// One file on its way.
class Upload {
 public:
  Upload(Bucket& bucket, int file, int64_t bytes, std::string key, std::string content_type, std::string progress_path,
         const UploadOptions& options)
      : bucket_(bucket),
        file_(file),
        bytes_(bytes),
        part_bytes_(std::max(options.part_bytes, (bytes / kPartsMax / kMiB + 1) * kMiB)),
        key_(std::move(key)),
        content_type_(std::move(content_type)),
        progress_path_(std::move(progress_path)),
        options_(options) {}

  absl::Status Run() {
    TUTTI_RETURN_IF_ERROR(bytes_ <= part_bytes_ ? RunWhole() : RunParts());
    TUTTI_ASSIGN_OR_RETURN(const int64_t there, Try([&] { return bucket_.Size(key_); }));
    if (there == bytes_) return absl::OkStatus();
    return Error(absl::StatusCode::kFailedPrecondition, "OBJECT_STORE_REFUSED",
                 absl::StrCat("The object store has ", there, " bytes of ", bytes_, " of ", key_, "."));
  }

 private:
  // What may work later is tried again.
  template <typename Request>
  auto Try(const Request& request) -> decltype(request()) {
    absl::Duration pause = options_.pause_min;
    for (int tries = 1;; ++tries, pause *= 2) {
      auto result = request();
      if (result.ok() || !absl::IsUnavailable(Code(result)) || tries >= options_.tries) return result;
      options_.on_retry(Code(result));
      if (!options_.pause(pause)) return absl::CancelledError("the process is to end");
    }
  }

  absl::StatusOr<std::string> Read(int64_t offset) {
    std::string bytes(static_cast<size_t>(std::min(part_bytes_, bytes_ - offset)), '\0');
    size_t got = 0;
    while (got < bytes.size()) {
      const ssize_t n = pread(file_, bytes.data() + got, bytes.size() - got, offset + static_cast<int64_t>(got));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        return absl::UnavailableError(absl::StrCat("can't read the file of ", key_, ": ", std::strerror(errno)));
      }
      got += static_cast<size_t>(n);
    }
    return bytes;
  }

  absl::Status RunWhole() {
    TUTTI_ASSIGN_OR_RETURN(const std::string bytes, Read(0));
    return Try([&] { return bucket_.Put(key_, content_type_, bytes); });
  }

  absl::Status RunParts() {
    const absl::Status status = RunPartsOnce();
    if (!absl::IsNotFound(status)) return status;
    // The server has forgotten the upload; or it had ended, and its answer was lost.
    if (auto progress = UploadProgress::Load(progress_path_)) progress->Remove();
    const auto there = Try([&] { return bucket_.Size(key_); });
    if (there.ok() && *there == bytes_) return absl::OkStatus();
    return RunPartsOnce();
  }

  absl::Status RunPartsOnce() {
    std::optional<UploadProgress> progress = UploadProgress::Load(progress_path_);
    if (progress && !Fits(progress->upload())) {
      TUTTI_RETURN_IF_ERROR(AbandonUpload(bucket_, progress_path_));
      progress.reset();
    }
    if (!progress) {
      TUTTI_ASSIGN_OR_RETURN(const std::string id, Try([&] { return bucket_.BeginUpload(key_, content_type_); }));
      TUTTI_ASSIGN_OR_RETURN(progress, UploadProgress::Begin(progress_path_, {key_, bytes_, part_bytes_, id}));
    }
    const std::string& id = progress->upload().id;
    while (static_cast<int64_t>(progress->etags().size()) * part_bytes_ < bytes_) {
      const int64_t sent = static_cast<int64_t>(progress->etags().size()) * part_bytes_;
      const int number = static_cast<int>(progress->etags().size()) + 1;
      TUTTI_ASSIGN_OR_RETURN(const std::string part, Read(sent));
      TUTTI_ASSIGN_OR_RETURN(const std::string etag, Try([&] { return bucket_.PutPart(key_, id, number, part); }));
      TUTTI_RETURN_IF_ERROR(progress->Add(etag));
    }
    TUTTI_RETURN_IF_ERROR(Try([&] { return bucket_.EndUpload(key_, id, progress->etags()); }));
    progress->Remove();
    return absl::OkStatus();
  }

  bool Fits(const UploadProgress::Upload& upload) const {
    return upload.key == key_ && upload.bytes == bytes_ && upload.part_bytes == part_bytes_;
  }

  Bucket& bucket_;
  const int file_;
  const int64_t bytes_;
  const int64_t part_bytes_;
  const std::string key_;
  const std::string content_type_;
  const std::string progress_path_;
  const UploadOptions& options_;
};

}  // namespace

absl::Status UploadFile(Bucket& bucket, const std::string& path, const std::string& key,
                        const std::string& content_type, const std::string& progress_path,
                        const UploadOptions& options) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return Error(absl::StatusCode::kNotFound, "FILE_NOT_FOUND",
                 absl::StrCat("can't open ", path, ": ", std::strerror(errno)));
  }
  const auto closed = absl::MakeCleanup([file] { close(file); });
  struct stat about {};
  fstat(file, &about);
  return Upload(bucket, file, about.st_size, key, content_type, progress_path, options).Run();
}

absl::Status AbandonUpload(Bucket& bucket, const std::string& progress_path) {
  auto progress = UploadProgress::Load(progress_path);
  if (!progress) return absl::OkStatus();
  TUTTI_RETURN_IF_ERROR(bucket.AbortUpload(progress->upload().key, progress->upload().id));
  progress->Remove();
  return absl::OkStatus();
}

}  // namespace tutti::s3
