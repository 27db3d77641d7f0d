#include "mediaplane/service/watch_reactor.h"

#include <utility>

#include "common/status/grpc_status.h"

namespace tutti::mediaplane {

WatchReactor::WatchReactor(EventLog& log, ControlThread& thread, media::v1::WatchRequest request,
                           std::atomic<int>& streams)
    : log_(log), thread_(thread), request_(std::move(request)), streams_(streams) {
  thread_.Post([this] { Start(); });
}

void WatchReactor::Start() {
  const auto position = log_.Position(request_.epoch(), request_.after_sequence());
  if (!position.ok()) return End(position.status());
  position_ = *position;
  subscription_ = log_.Subscribe([this] { Next(); });
  message_.mutable_hello()->set_epoch(log_.epoch());
  message_.mutable_hello()->set_oldest_sequence(log_.oldest());
  message_.mutable_hello()->set_latest_sequence(log_.latest());
  writing_ = true;
  StartWrite(&message_);
}

void WatchReactor::Next() {
  if (writing_ || ended_) return;
  const auto event = log_.After(position_);
  if (!event.ok()) return End(event.status());
  if (*event == nullptr) return;
  ++position_;
  *message_.mutable_event() = **event;
  writing_ = true;
  StartWrite(&message_);
}

void WatchReactor::End(const absl::Status& status) {
  ended_ = true;
  if (subscription_) log_.Unsubscribe(*subscription_);
  subscription_.reset();
  Finish(ToGrpcStatus(status));
}

void WatchReactor::OnWriteDone(bool ok) {
  thread_.Post([this, ok] {
    writing_ = false;
    cancelled_ |= !ok;
    if (cancelled_) return End(absl::CancelledError("the watch was cancelled"));
    Next();
  });
}

void WatchReactor::OnCancel() {
  thread_.Post([this] {
    cancelled_ = true;
    if (!writing_ && !ended_) End(absl::CancelledError("the watch was cancelled"));
  });
}

// Behind whatever the callbacks before have posted.
void WatchReactor::OnDone() {
  thread_.Post([this] {
    --streams_;
    delete this;
  });
}

}  // namespace tutti::mediaplane
