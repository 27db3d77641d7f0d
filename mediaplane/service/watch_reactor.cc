#include "mediaplane/service/watch_reactor.h"

#include <utility>

#include "common/status/status.h"

namespace tutti::mediaplane {

WatchReactor::WatchReactor(EventLog& log, ControlThread& thread, media::v1::WatchRequest request,
                           std::atomic<int>& streams)
    : StreamReactor(thread, streams), log_(log), request_(std::move(request)) {
  Begin();
}

absl::Status WatchReactor::Open(media::v1::WatchResponse& hello) {
  TUTTI_ASSIGN_OR_RETURN(position_, log_.Position(request_.epoch(), request_.after_sequence()));
  hello.mutable_hello()->set_epoch(log_.epoch());
  hello.mutable_hello()->set_oldest_sequence(log_.oldest());
  hello.mutable_hello()->set_latest_sequence(log_.latest());
  return absl::OkStatus();
}

absl::StatusOr<bool> WatchReactor::Take(media::v1::WatchResponse& next) {
  TUTTI_ASSIGN_OR_RETURN(const media::v1::NodeEvent* event, log_.After(position_));
  if (event == nullptr) return false;
  ++position_;
  *next.mutable_event() = *event;
  return true;
}

WatchLiveReactor::WatchLiveReactor(LiveLog& log, std::string epoch, ControlThread& thread, std::atomic<int>& streams)
    : StreamReactor(thread, streams), log_(log), epoch_(std::move(epoch)) {
  Begin();
}

absl::Status WatchLiveReactor::Open(media::v1::WatchLiveResponse& hello) {
  position_ = log_.latest();
  hello.mutable_hello()->set_epoch(epoch_);
  hello.mutable_hello()->set_latest_sequence(position_);
  return absl::OkStatus();
}

absl::StatusOr<bool> WatchLiveReactor::Take(media::v1::WatchLiveResponse& next) {
  const media::v1::LiveEvent* event = log_.After(position_);
  if (event == nullptr) return false;
  position_ = event->sequence();
  *next.mutable_event() = *event;
  return true;
}

}  // namespace tutti::mediaplane
