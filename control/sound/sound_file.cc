#include "control/sound/sound_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/sound/decode.h"

namespace tutti::control {
namespace {

absl::Status NotFound(const std::string& name) {
  return Error(absl::StatusCode::kNotFound, "SOUND_NOT_FOUND",
               absl::StrCat("file ", name, " is not in the sounds folder"));
}

}  // namespace

absl::StatusOr<SoundFile> SoundFile::Open(const std::string& folder, const std::string& name) {
  std::error_code error;
  const std::string root = std::filesystem::canonical(folder, error).string();
  if (error) return NotFound(name);
  // A pipe or a device must not hold anybody up.
  SoundFile file(open(absl::StrCat(root, "/", name).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), name);
  if (file.fd_ < 0) return NotFound(name);
  const std::string place = std::filesystem::read_symlink(absl::StrCat("/proc/self/fd/", file.fd_), error).string();
  if (error || !absl::StartsWith(place, absl::StrCat(root, "/"))) return NotFound(name);
  struct stat status = {};
  if (fstat(file.fd_, &status) != 0 || !S_ISREG(status.st_mode)) return NotFound(name);
  if (static_cast<size_t>(status.st_size) > kSoundFileBytesMax) {
    return Error(absl::StatusCode::kInvalidArgument, "SOUND_NOT_SUPPORTED",
                 absl::StrCat("file ", name, " has more than ", kSoundFileBytesMax, " bytes"));
  }
  file.version_ = absl::StrCat(status.st_dev, " ", status.st_ino, " ", status.st_size, " ", status.st_mtim.tv_sec, " ",
                               status.st_mtim.tv_nsec);
  return file;
}

SoundFile::SoundFile(SoundFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), name_(std::move(other.name_)), version_(std::move(other.version_)) {}

SoundFile& SoundFile::operator=(SoundFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(name_, other.name_);
  std::swap(version_, other.version_);
  return *this;
}

SoundFile::~SoundFile() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<std::string> SoundFile::Read() const {
  std::string bytes;
  std::string block(size_t{64} << 10, '\0');
  for (;;) {
    const ssize_t size = pread(fd_, block.data(), block.size(), static_cast<off_t>(bytes.size()));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return NotFound(name_);
    if (size == 0) return bytes;
    bytes.append(block.data(), static_cast<size_t>(size));
    // It grows as we read.
    if (bytes.size() > kSoundFileBytesMax) return NotFound(name_);
  }
}

}  // namespace tutti::control
