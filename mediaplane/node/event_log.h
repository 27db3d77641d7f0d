#ifndef MEDIAPLANE_NODE_EVENT_LOG_H_
#define MEDIAPLANE_NODE_EVENT_LOG_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::mediaplane {

// The node's latest events, numbered from 1 without a hole, and who waits for
// more. It is every watcher's one bounded queue: a watcher is a position in it,
// and one that the log has overtaken has lost its place. Control thread only.
class EventLog {
 public:
  static constexpr size_t kEventsMax = 65'536;

  // `epoch` names this run of the process. `clock` outlives the log.
  EventLog(std::string epoch, Clock& clock, size_t events_max = kEventsMax);

  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  // Numbers and stamps the event, drops the oldest beyond the bound, and wakes
  // all waiters.
  void Append(media::v1::NodeEvent event);

  // The position that a watcher asks for with what it knows. OUT_OF_RANGE:
  // another epoch, a sequence that has left the log or was never given.
  absl::StatusOr<int64_t> Position(const std::string& epoch, int64_t after_sequence) const;

  // The event after `sequence`; null when there is none yet. OUT_OF_RANGE when
  // the log no longer holds it.
  absl::StatusOr<const media::v1::NodeEvent*> After(int64_t sequence) const;

  // `wake` runs at every Append until Unsubscribe; it must not call the log.
  int64_t Subscribe(std::function<void()> wake);
  void Unsubscribe(int64_t subscription);

  const std::string& epoch() const { return epoch_; }
  int64_t oldest() const { return latest_ - static_cast<int64_t>(events_.size()) + 1; }
  int64_t latest() const { return latest_; }

 private:
  const std::string epoch_;
  Clock& clock_;
  const size_t events_max_;
  std::deque<media::v1::NodeEvent> events_;
  int64_t latest_ = 0;
  std::map<int64_t, std::function<void()>> waiters_;
  int64_t last_subscription_ = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NODE_EVENT_LOG_H_
