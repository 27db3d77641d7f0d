#ifndef MEDIAPLANE_NODE_LIVE_LOG_H_
#define MEDIAPLANE_NODE_LIVE_LOG_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>

#include "common/clock/clock.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::mediaplane {

// The latest live events, numbered from 1; what was lost has numbers, too. A
// watcher that falls behind misses some and sees it by the hole. Control thread
// only; `clock` outlives it.
class LiveLog {
 public:
  static constexpr size_t kEventsMax = 8192;

  explicit LiveLog(Clock& clock, size_t events_max = kEventsMax) : clock_(clock), events_max_(events_max) {}
  LiveLog(const LiveLog&) = delete;
  LiveLog& operator=(const LiveLog&) = delete;

  // Numbers and stamps the event, and wakes all waiters.
  void Append(media::v1::LiveEvent event);

  // So many events found no room on their way here.
  void Lose(int64_t events) { latest_ += events; }

  // The oldest held after `sequence`; null when there is none yet.
  const media::v1::LiveEvent* After(int64_t sequence) const;

  // `wake` runs at every Append until Unsubscribe; it must not call the log.
  int64_t Subscribe(std::function<void()> wake);
  void Unsubscribe(int64_t subscription) { waiters_.erase(subscription); }

  int64_t latest() const { return latest_; }

 private:
  Clock& clock_;
  const size_t events_max_;
  std::deque<media::v1::LiveEvent> events_;
  int64_t latest_ = 0;
  std::map<int64_t, std::function<void()>> waiters_;
  int64_t last_subscription_ = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NODE_LIVE_LOG_H_
