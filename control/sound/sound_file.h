#ifndef CONTROL_SOUND_SOUND_FILE_H_
#define CONTROL_SOUND_SOUND_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace tutti::control {

// A file below the sounds folder, open.
class SoundFile {
 public:
  // Nothing outside the folder is opened, whatever links lead there: what counts is
  // where the open file is. `name` is one that ParseSoundSource let pass. NOT_FOUND
  // (SOUND_NOT_FOUND), INVALID_ARGUMENT (SOUND_NOT_SUPPORTED): too large.
  static absl::StatusOr<SoundFile> Open(const std::string& folder, const std::string& name);

  SoundFile(SoundFile&& other) noexcept;
  SoundFile& operator=(SoundFile&& other) noexcept;
  ~SoundFile();

  // Another one when the file has changed.
  const std::string& version() const { return version_; }

  absl::StatusOr<std::string> Read() const;

 private:
  SoundFile(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}

  int fd_;
  std::string name_;
  std::string version_;
};

}  // namespace tutti::control

#endif  // CONTROL_SOUND_SOUND_FILE_H_
