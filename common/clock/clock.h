#ifndef COMMON_CLOCK_CLOCK_H_
#define COMMON_CLOCK_CLOCK_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tutti {

// Where a component gets its time from; never from a global function.
// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Wall time, for what is stored and shown.
  virtual absl::Time Now() = 0;
};

class SystemClock final : public Clock {
 public:
  absl::Time Now() override { return absl::Now(); }
};

}  // namespace tutti

#endif  // COMMON_CLOCK_CLOCK_H_
