#ifndef MEDIAPLANE_SERVICE_WATCH_REACTOR_H_
#define MEDIAPLANE_SERVICE_WATCH_REACTOR_H_

#include <atomic>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"
#include "mediaplane/node/control_thread.h"
#include "mediaplane/node/event_log.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::mediaplane {

// One Watch stream: a position in the event log, and at most one message on its
// way. All of it but gRPC's own callbacks runs on the control thread; those
// callbacks only post there. It deletes itself when the stream is done.
class WatchReactor final : public grpc::ServerWriteReactor<media::v1::WatchResponse> {
 public:
  // `streams` counts the open ones and has counted this one.
  WatchReactor(EventLog& log, ControlThread& thread, media::v1::WatchRequest request, std::atomic<int>& streams);

 private:
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void Start();
  // Sends the next event if there is one and nothing is on its way.
  void Next();
  void End(const absl::Status& status);

  EventLog& log_;
  ControlThread& thread_;
  const media::v1::WatchRequest request_;
  std::atomic<int>& streams_;

  // Control thread only, but that gRPC reads `message_` while `writing_`.
  media::v1::WatchResponse message_;
  int64_t position_ = 0;
  std::optional<int64_t> subscription_;
  bool writing_ = false;
  bool ended_ = false;
  // The stream is broken or cancelled: end as soon as nothing is on its way.
  bool cancelled_ = false;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_SERVICE_WATCH_REACTOR_H_
