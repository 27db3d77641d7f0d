#ifndef MEDIAPLANE_SERVICE_WATCH_REACTOR_H_
#define MEDIAPLANE_SERVICE_WATCH_REACTOR_H_

#include <atomic>
#include <cstdint>
#include <functional>

#include "mediaplane/node/event_log.h"
#include "mediaplane/node/live_log.h"
#include "mediaplane/service/stream_reactor.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::mediaplane {

// One Watch stream: every event from a position on; it ends when the log has
// overtaken it.
class WatchReactor final : public StreamReactor<media::v1::WatchResponse> {
 public:
  WatchReactor(EventLog& log, ControlThread& thread, media::v1::WatchRequest request, std::atomic<int>& streams);

 private:
  absl::Status Open(media::v1::WatchResponse& hello) override;
  absl::StatusOr<bool> Take(media::v1::WatchResponse& next) override;
  int64_t Subscribe(std::function<void()> wake) override { return log_.Subscribe(std::move(wake)); }
  void Unsubscribe(int64_t subscription) override { log_.Unsubscribe(subscription); }

  EventLog& log_;
  const media::v1::WatchRequest request_;
  int64_t position_ = 0;
};

// One WatchLive stream: what comes from now on; it misses what the log no longer
// holds.
class WatchLiveReactor final : public StreamReactor<media::v1::WatchLiveResponse> {
 public:
  // `epoch` is the node's.
  WatchLiveReactor(LiveLog& log, std::string epoch, ControlThread& thread, std::atomic<int>& streams);

 private:
  absl::Status Open(media::v1::WatchLiveResponse& hello) override;
  absl::StatusOr<bool> Take(media::v1::WatchLiveResponse& next) override;
  int64_t Subscribe(std::function<void()> wake) override { return log_.Subscribe(std::move(wake)); }
  void Unsubscribe(int64_t subscription) override { log_.Unsubscribe(subscription); }

  LiveLog& log_;
  const std::string epoch_;
  int64_t position_ = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_SERVICE_WATCH_REACTOR_H_
