#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "mediaplane/recording/disk.h"

namespace tutti::mediaplane {
namespace {

constexpr mode_t kFolderMode = 0750;
constexpr mode_t kFileMode = 0640;

absl::Status Failed(const char* what, const std::string& path) {
  const int error = errno == EDQUOT ? ENOSPC : errno;
  return absl::ErrnoToStatus(error, absl::StrCat(what, " ", path));
}

class PosixFile final : public DiskFile {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override { close(fd_); }

  absl::Status WriteAt(uint64_t offset, std::span<const uint8_t> bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return Failed("can't write", path_);
      bytes = bytes.subspan(static_cast<size_t>(written));
      offset += static_cast<uint64_t>(written);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> Size() override {
    struct stat status;
    if (fstat(fd_, &status) != 0) return Failed("can't look at", path_);
    return static_cast<uint64_t>(status.st_size);
  }

  absl::Status Resize(uint64_t bytes) override {
    return ftruncate(fd_, static_cast<off_t>(bytes)) == 0 ? absl::OkStatus() : Failed("can't resize", path_);
  }

  absl::Status Sync() override { return fdatasync(fd_) == 0 ? absl::OkStatus() : Failed("can't sync", path_); }

 private:
  const int fd_;
  const std::string path_;
};

}  // namespace

absl::Status PosixDisk::MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), kFolderMode) == 0 || errno == EEXIST) return absl::OkStatus();
  return Failed("can't make folder", path);
}

absl::StatusOr<std::unique_ptr<DiskFile>> PosixDisk::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode);
  if (fd < 0) return Failed("can't open", path);
  return std::make_unique<PosixFile>(fd, path);
}

absl::Status PosixDisk::Replace(const std::string& path, const std::string& contents) {
  const std::string part = absl::StrCat(path, ".part");
  TUTTI_RETURN_IF_ERROR(Remove(part));
  {
    TUTTI_ASSIGN_OR_RETURN(const auto file, Open(part));
    TUTTI_RETURN_IF_ERROR(file->WriteAt(0, {reinterpret_cast<const uint8_t*>(contents.data()), contents.size()}));
    TUTTI_RETURN_IF_ERROR(file->Sync());
  }
  return rename(part.c_str(), path.c_str()) == 0 ? absl::OkStatus() : Failed("can't rename", part);
}

absl::Status PosixDisk::Remove(const std::string& path) {
  return unlink(path.c_str()) == 0 || errno == ENOENT ? absl::OkStatus() : Failed("can't remove", path);
}

absl::Status PosixDisk::RemoveFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (!error) return absl::OkStatus();
  return absl::ErrnoToStatus(error.value(), absl::StrCat("can't remove folder ", path));
}

}  // namespace tutti::mediaplane
