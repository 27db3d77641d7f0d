#ifndef CONTROL_CORE_UPKEEP_H_
#define CONTROL_CORE_UPKEEP_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "control/core/done.h"

namespace tutti::control {

class Steps;

// What is done because time passes, and about what other replicas have left in the
// store. Whoever schedules (threads, or a test) calls it. Thread-safe.
class Upkeep {
 public:
  explicit Upkeep(Steps& steps) : steps_(steps) {}

  // Fires what is due by the clock. Gives the earliest deadline that is left,
  // InfiniteFuture: none.
  void RunDue(Done<absl::Time> done);
  // The check of every participant; every 5 s. Gives how many were removed.
  void SweepHealth(Done<int> done);
  // Answers who waits for what another replica has committed. Nothing but a read,
  // and that only while somebody waits.
  absl::Status PollWaiters();
  // Hands out again, as effects, the commands of rows that have waited for them
  // for over `repeat_after`: the replica that committed them may be dead. A read.
  absl::Status RepeatCommands();
  // Deletes what is past its retention. Gives how many rows; call again while
  // it is not 0.
  void Purge(Done<int64_t> done);

 private:
  Steps& steps_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_UPKEEP_H_
