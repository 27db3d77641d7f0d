#ifndef CONTROL_SCHEDULER_SCHEDULER_H_
#define CONTROL_SCHEDULER_SCHEDULER_H_

#include <atomic>
#include <cstdint>
#include <functional>

#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "control/core/upkeep.h"
#include "control/scheduler/task_queue.h"

namespace tutti::control {

// Gives the core its sense of time: RunDue at each deadline, the health sweep,
// the purge; and looks at the store for what other replicas left there. One call
// of a kind is under way at a time, each begun again after it ended. Lives on
// the task queue but for what says otherwise.
class Scheduler {
 public:
  struct Options {
    absl::Duration health_interval = absl::Seconds(5);
    absl::Duration purge_interval = absl::Minutes(10);
    // Between two batches of a purge, for others' commits.
    absl::Duration purge_pause = absl::Milliseconds(50);
    // The store is looked at so often at least: other replicas set deadlines and
    // leave commands unsent too, and the wall clock may be set.
    absl::Duration poll_interval = absl::Seconds(1);
    // Other replicas may have committed what somebody waits for here.
    absl::Duration waiters_interval = absl::Milliseconds(500);
    // Between a replica's word of a commit and the look at the store: what comes
    // meanwhile is dealt with by the same look.
    absl::Duration remote_commit_pause = absl::Milliseconds(20);
    // After a store's error.
    absl::Duration retry_pause = absl::Milliseconds(200);
    // Called on the queue with each look at the store: others may have committed
    // events. May be empty.
    std::function<void()> on_look;
  };

  // Everything outlives the scheduler.
  Scheduler(Upkeep& upkeep, TaskQueue& queue, Clock& clock, Options options);

  // Once. Thread-safe.
  void Start();

  // A commit has set a deadline. Thread-safe; does not block.
  void OnDeadline(absl::Time deadline);

  // Another replica has committed something. Thread-safe; does not block.
  void OnRemoteCommit();

 private:
  // RunDue at `deadline`, if it is not planned for earlier.
  void Arm(absl::Time deadline);
  void RunDue();
  void Poll();
  void Look();
  void PollWaiters();
  // Says in the log when the store begins to fail, and when that is over.
  void Note(const char* what, const absl::Status& status);
  void SweepHealth();
  void Purge();

  Upkeep& upkeep_;
  TaskQueue& queue_;
  Clock& clock_;
  const Options options_;

  // When RunDue is planned for.
  absl::Time armed_ = absl::InfiniteFuture();
  // The timer that counts; earlier ones are left to run out.
  int64_t timer_ = 0;
  bool running_ = false;
  bool failing_ = false;
  std::atomic<bool> look_planned_{false};
};

}  // namespace tutti::control

#endif  // CONTROL_SCHEDULER_SCHEDULER_H_
