#ifndef CONTROL_CORE_EVENTS_H_
#define CONTROL_CORE_EVENTS_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "control/core/done.h"
#include "control/core/principal.h"
#include "tutti/control/v1/event.pb.h"

namespace tutti::control {

class Steps;

struct EventPoint {
  // Empty: all streams of the customer.
  std::string stream;
  // Sequence in the stream, or the position among all events.
  int64_t after = 0;
  // The last position to read.
  int64_t until = std::numeric_limits<int64_t>::max();
};

// The committed events, for those who read them. Thread-safe.
class Events {
 public:
  explicit Events(Steps& steps) : steps_(steps) {}

  // The first event to read: after `cursor`; or after `after_sequence` of
  // `stream`; where both are empty, from now on. INVALID_ARGUMENT: no such
  // cursor. NOT_FOUND: no such stream. OUT_OF_RANGE (EVENTS_PURGED): its events are no longer kept.
  absl::StatusOr<EventPoint> FindPoint(const Principal& principal, const std::string& stream, int64_t after_sequence,
                                       const std::string& cursor);
  // The cursor of a point among all streams.
  std::string MakeCursor(const Principal& principal, const EventPoint& point);
  // At most `limit` events after `point`, with their cursors; `point` goes on
  // behind the last one. Fewer than `limit`: there are no more now. Errors as
  // FindPoint's EVENTS_PURGED.
  absl::StatusOr<std::vector<v1::Event>> Read(const Principal& principal, EventPoint& point, int limit);

  // Gives committed events their place among all, which Read without a
  // stream waits for; where the store has given them one already it costs
  // nothing. Call it after commits with events and every second, one call at a
  // time. Gives how many; call again while it is not 0, and then have those look
  // who read all streams.
  void Sequence(Done<int64_t> done);

 private:
  Steps& steps_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_EVENTS_H_
