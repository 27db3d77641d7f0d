#ifndef MEDIAPLANE_SERVER_FOLDER_LOCK_H_
#define MEDIAPLANE_SERVER_FOLDER_LOCK_H_

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace tutti::mediaplane {

// A folder that is one process's alone, as long as it lives.
class FolderLock {
 public:
  // FAILED_PRECONDITION: another process has it. Else the system's error.
  static absl::StatusOr<std::unique_ptr<FolderLock>> Take(const std::string& folder) {
    const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("can't use the folder ", folder));
    std::unique_ptr<FolderLock> lock(new FolderLock(fd));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
    return absl::FailedPreconditionError(absl::StrCat("another process uses the folder ", folder));
  }
  ~FolderLock() { close(fd_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int fd) : fd_(fd) {}

  const int fd_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_SERVER_FOLDER_LOCK_H_
