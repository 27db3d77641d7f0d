#ifndef CONTROL_FILES_FILE_SOURCE_H_
#define CONTROL_FILES_FILE_SOURCE_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "control/files/cancellation.h"

namespace tutti::control {

// One file of a recording, wherever it is.
struct FileRef {
  std::string node_id;
  std::string recording_id;
  // In the recording's folder.
  std::string name;
};

// Where files' bytes are. Thread-safe.
class FileSource {
 public:
  // Takes a piece of at most 256 KiB, and may block; false: no more is wanted.
  using Sink = std::function<bool(std::string)>;

  virtual ~FileSource() = default;

  // Exactly `length` bytes from `offset` on, which the file must have. Blocks.
  // NOT_FOUND: it is not there; UNAVAILABLE with the reason of what is out of reach;
  // CANCELLED.
  virtual absl::Status Read(const FileRef& file, int64_t offset, int64_t length, const Sink& sink,
                            Cancellation& cancellation) = 0;
};

}  // namespace tutti::control

#endif  // CONTROL_FILES_FILE_SOURCE_H_
