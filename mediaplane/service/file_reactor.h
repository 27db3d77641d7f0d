#ifndef MEDIAPLANE_SERVICE_FILE_REACTOR_H_
#define MEDIAPLANE_SERVICE_FILE_REACTOR_H_

#include <atomic>

#include "grpcpp/support/server_callback.h"
#include "mediaplane/node/control_thread.h"
#include "mediaplane/node/node.h"
#include "mediaplane/recording/work_threads.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::mediaplane {

// One ReadRecordingFile: the control thread finds the file, a reader's thread reads it
// piece by piece, the next one when the client has taken the last. It deletes itself
// when the stream is done.
class FileReactor final : public grpc::ServerWriteReactor<media::v1::ReadRecordingFileResponse> {
 public:
  // `streams` counts the open ones and has counted this one.
  FileReactor(Node& node, ControlThread& thread, WorkThreads& readers,
              const media::v1::ReadRecordingFileRequest& request, std::atomic<int>& streams);

 private:
  static constexpr int64_t kPieceBytesMax = 256 * 1024;

  void OnWriteDone(bool ok) override;
  void OnDone() override;

  void ReadOn();

  WorkThreads& readers_;
  std::atomic<int>& streams_;
  int fd_ = -1;
  int64_t offset_ = 0;
  int64_t left_ = 0;
  media::v1::ReadRecordingFileResponse piece_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_SERVICE_FILE_REACTOR_H_
