#ifndef MEDIAPLANE_RECORDING_FAULTY_DISK_H_
#define MEDIAPLANE_RECORDING_FAULTY_DISK_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mediaplane/recording/disk.h"

namespace tutti::mediaplane {

// A real disk that takes so many bytes of sound and no more. One thread at a time.
class FaultyDisk final : public Disk {
 public:
  // What has no room fails with `error`; a part of it is written.
  void FailAfter(int64_t bytes, absl::Status error) {
    room_ = bytes;
    error_ = std::move(error);
  }

  absl::Status MakeFolder(const std::string& path) override { return disk_.MakeFolder(path); }
  absl::StatusOr<std::unique_ptr<DiskFile>> Open(const std::string& path) override {
    auto file = disk_.Open(path);
    if (!file.ok()) return file.status();
    return std::make_unique<File>(*this, *std::move(file));
  }
  absl::Status Replace(const std::string& path, const std::string& contents) override {
    return disk_.Replace(path, contents);
  }
  absl::Status Remove(const std::string& path) override { return disk_.Remove(path); }
  absl::Status RemoveFolder(const std::string& path) override { return disk_.RemoveFolder(path); }

 private:
  class File final : public DiskFile {
   public:
    File(FaultyDisk& disk, std::unique_ptr<DiskFile> file) : disk_(disk), file_(std::move(file)) {}
    absl::Status WriteAt(uint64_t offset, std::span<const uint8_t> bytes) override {
      const auto size = static_cast<int64_t>(bytes.size());
      if (offset > 0 && size > disk_.room_) {
        const absl::Status status = file_->WriteAt(offset, bytes.first(static_cast<size_t>(disk_.room_)));
        disk_.room_ = 0;
        return status.ok() ? disk_.error_ : status;
      }
      if (offset > 0) disk_.room_ -= size;
      return file_->WriteAt(offset, bytes);
    }
    absl::StatusOr<uint64_t> Size() override { return file_->Size(); }
    absl::Status Resize(uint64_t bytes) override { return file_->Resize(bytes); }
    absl::Status Sync() override { return file_->Sync(); }

   private:
    FaultyDisk& disk_;
    std::unique_ptr<DiskFile> file_;
  };

  PosixDisk disk_;
  int64_t room_ = INT64_MAX;
  absl::Status error_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RECORDING_FAULTY_DISK_H_
