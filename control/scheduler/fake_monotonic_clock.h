#ifndef CONTROL_SCHEDULER_FAKE_MONOTONIC_CLOCK_H_
#define CONTROL_SCHEDULER_FAKE_MONOTONIC_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "control/scheduler/task_queue.h"

namespace tutti::control {

// Stands still until it is told to move; then Wake the queue. Thread-safe.
class FakeMonotonicClock {
 public:
  MonotonicClock Function() {
    return [this] { return absl::Nanoseconds(now_ns_.load()); };
  }

  void Advance(absl::Duration by) { now_ns_ += absl::ToInt64Nanoseconds(by); }

 private:
  std::atomic<int64_t> now_ns_{0};
};

}  // namespace tutti::control

#endif  // CONTROL_SCHEDULER_FAKE_MONOTONIC_CLOCK_H_
