#include "mediaplane/service/file_reactor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"

namespace tutti::mediaplane {

FileReactor::FileReactor(Node& node, ControlThread& thread, WorkThreads& readers,
                         const media::v1::ReadRecordingFileRequest& request, std::atomic<int>& streams)
    : readers_(readers), streams_(streams) {
  thread.Post([this, &node, request] {
    const auto found = node.FindRecordingFile(request);
    if (!found.ok()) return Finish(ToGrpcStatus(found.status()));
    offset_ = found->offset;
    left_ = found->length;
    readers_.Post([this, path = found->path] {
      fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
      if (fd_ < 0) {
        return Finish(ToGrpcStatus(Error(absl::StatusCode::kNotFound, "RECORDING_FILE_NOT_FOUND", "the file is gone")));
      }
      ReadOn();
    });
  });
}

void FileReactor::ReadOn() {
  if (left_ == 0) return Finish(grpc::Status::OK);
  std::string& data = *piece_.mutable_data();
  data.resize(static_cast<size_t>(std::min(left_, kPieceBytesMax)));
  const ssize_t count = pread(fd_, data.data(), data.size(), offset_);
  if (count <= 0) {
    const char* why = count == 0 ? "the file is shorter than it was" : "the file can't be read";
    return Finish(ToGrpcStatus(Error(absl::StatusCode::kInternal, "RECORDING_FILE_BROKEN", why)));
  }
  data.resize(static_cast<size_t>(count));
  offset_ += count;
  left_ -= count;
  StartWrite(&piece_);
}

void FileReactor::OnWriteDone(bool ok) {
  if (!ok) return Finish(ToGrpcStatus(absl::CancelledError("the reader has gone")));
  readers_.Post([this] { ReadOn(); });
}

void FileReactor::OnDone() {
  if (fd_ >= 0) close(fd_);
  --streams_;
  delete this;
}

}  // namespace tutti::mediaplane
