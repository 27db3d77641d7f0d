#include "mediaplane/node/event_log.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::mediaplane {
namespace {

absl::Status OutOfRange(const std::string& message) {
  return Error(absl::StatusCode::kOutOfRange, "WATCH_OUT_OF_RANGE", absl::StrCat(message, "; take a snapshot"));
}

}  // namespace

EventLog::EventLog(std::string epoch, Clock& clock, size_t events_max)
    : epoch_(std::move(epoch)), clock_(clock), events_max_(events_max) {}

void EventLog::Append(media::v1::NodeEvent event) {
  event.set_sequence(++latest_);
  const int64_t ns = absl::ToUnixNanos(clock_.Now());
  event.mutable_time()->set_seconds(ns / 1'000'000'000);
  event.mutable_time()->set_nanos(static_cast<int32_t>(ns % 1'000'000'000));
  events_.push_back(std::move(event));
  if (events_.size() > events_max_) events_.pop_front();
  for (const auto& [id, wake] : waiters_) wake();
}

absl::StatusOr<int64_t> EventLog::Position(const std::string& epoch, int64_t after_sequence) const {
  if (epoch.empty() && after_sequence == 0) return oldest() - 1;
  if (epoch != epoch_) {
    return OutOfRange(absl::StrCat("epoch \"", epoch, "\" is not this run of the node, \"", epoch_, "\""));
  }
  if (after_sequence < oldest() - 1 || after_sequence > latest_) {
    return OutOfRange(
        absl::StrCat("sequence ", after_sequence, " is outside the log, which holds ", oldest(), " to ", latest_));
  }
  return after_sequence;
}

absl::StatusOr<const media::v1::NodeEvent*> EventLog::After(int64_t sequence) const {
  if (sequence < oldest() - 1) {
    return OutOfRange(
        absl::StrCat("the watcher was too slow: the log begins at ", oldest(), " and it is at ", sequence));
  }
  if (sequence >= latest_) return nullptr;
  return &events_[static_cast<size_t>(sequence - oldest() + 1)];
}

int64_t EventLog::Subscribe(std::function<void()> wake) {
  waiters_.emplace(++last_subscription_, std::move(wake));
  return last_subscription_;
}

void EventLog::Unsubscribe(int64_t subscription) { waiters_.erase(subscription); }

}  // namespace tutti::mediaplane
