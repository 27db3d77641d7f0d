#ifndef MEDIAPLANE_RECORDING_DISK_H_
#define MEDIAPLANE_RECORDING_DISK_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tutti::mediaplane {

// A file that is written to. One thread at a time.
class DiskFile {
 public:
  virtual ~DiskFile() = default;

  // All or an error; then some may be there. Behind the end: what is between is zeros.
  virtual absl::Status WriteAt(uint64_t offset, std::span<const uint8_t> bytes) = 0;
  virtual absl::StatusOr<uint64_t> Size() = 0;
  // What is new is zeros, and takes no room.
  virtual absl::Status Resize(uint64_t bytes) = 0;
  // Returns once the disk has it.
  virtual absl::Status Sync() = 0;
};

// What recordings need of a file system: a seam, so that one that is full, broken or
// slow can be tried. RESOURCE_EXHAUSTED means that it is full. Thread-safe; any call
// may take long.
class Disk {
 public:
  virtual ~Disk() = default;

  virtual absl::Status MakeFolder(const std::string& path) = 0;
  // Made if it is not there, else left as it is.
  virtual absl::StatusOr<std::unique_ptr<DiskFile>> Open(const std::string& path) = 0;
  // At once or not at all, whatever dies.
  virtual absl::Status Replace(const std::string& path, const std::string& contents) = 0;
  // Nothing there is as good.
  virtual absl::Status Remove(const std::string& path) = 0;
  // A folder with the files in it.
  virtual absl::Status RemoveFolder(const std::string& path) = 0;
};

class PosixDisk final : public Disk {
 public:
  absl::Status MakeFolder(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<DiskFile>> Open(const std::string& path) override;
  absl::Status Replace(const std::string& path, const std::string& contents) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status RemoveFolder(const std::string& path) override;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RECORDING_DISK_H_
