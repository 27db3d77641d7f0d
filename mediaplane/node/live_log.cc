#include "mediaplane/node/live_log.h"

#include <algorithm>
#include <utility>

namespace tutti::mediaplane {

void LiveLog::Append(media::v1::LiveEvent event) {
  event.set_sequence(++latest_);
  const int64_t ns = absl::ToUnixNanos(clock_.Now());
  event.mutable_time()->set_seconds(ns / 1'000'000'000);
  event.mutable_time()->set_nanos(static_cast<int32_t>(ns % 1'000'000'000));
  events_.push_back(std::move(event));
  if (events_.size() > events_max_) events_.pop_front();
  for (const auto& [id, wake] : waiters_) wake();
}

const media::v1::LiveEvent* LiveLog::After(int64_t sequence) const {
  const auto it =
      std::upper_bound(events_.begin(), events_.end(), sequence,
                       [](int64_t after, const media::v1::LiveEvent& event) { return after < event.sequence(); });
  return it == events_.end() ? nullptr : &*it;
}

int64_t LiveLog::Subscribe(std::function<void()> wake) {
  waiters_.emplace(++last_subscription_, std::move(wake));
  return last_subscription_;
}

}  // namespace tutti::mediaplane
