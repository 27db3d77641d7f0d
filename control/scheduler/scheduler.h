#ifndef CONTROL_SCHEDULER_SCHEDULER_H_
#define CONTROL_SCHEDULER_SCHEDULER_H_

#include <functional>

#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "control/core/core.h"
#include "control/scheduler/task_queue.h"

namespace tutti::control {

// Gives the core its sense of time: RunDue at each deadline, the health sweep,
// the purge. One call of a kind is under way at a time, each begun again after
// it ended. Lives on the task queue but for what says otherwise.
class Scheduler {
 public:
  struct Options {
    absl::Duration health_interval = absl::Seconds(5);
    absl::Duration purge_interval = absl::Minutes(10);
    // Between two batches of a purge, for others' commits.
    absl::Duration purge_pause = absl::Milliseconds(50);
    // The wall clock may be set: deadlines are looked at again after so long.
    absl::Duration deadline_wait_max = absl::Seconds(1);
    // After a store's error.
    absl::Duration retry_pause = absl::Milliseconds(200);
  };

  // Everything outlives the scheduler.
  Scheduler(Core& core, TaskQueue& queue, Clock& clock, Options options);

  // Once. Thread-safe.
  void Start();

  // A commit has set a deadline. Thread-safe; does not block.
  void OnDeadline(absl::Time deadline);

 private:
  // RunDue at `deadline`, if nothing earlier is planned.
  void Arm(absl::Time deadline);
  void OnTimer(int64_t timer);
  void RunDue();
  void SweepHealth();
  void Purge();

  Core& core_;
  TaskQueue& queue_;
  Clock& clock_;
  const Options options_;

  absl::Time armed_ = absl::InfiniteFuture();
  // The timer that counts; earlier ones are left to run out.
  int64_t timer_ = 0;
  bool running_ = false;
};

}  // namespace tutti::control

#endif  // CONTROL_SCHEDULER_SCHEDULER_H_
