#ifndef CONTROL_SCHEDULER_TASK_QUEUE_H_
#define CONTROL_SCHEDULER_TASK_QUEUE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace tutti::control {

// Time that never goes back, from any origin.
using MonotonicClock = std::function<absl::Duration()>;

MonotonicClock SystemMonotonicClock();

// Runs tasks one after the other, at once or later. What lives on a queue needs
// no lock: gRPC's and the store's callbacks come in by Post. Post and PostAfter
// are thread-safe.
class TaskQueue {
 public:
  using Task = std::function<void()>;

  enum class Runner {
    // A thread of the queue's own.
    kThread,
    // Whoever calls RunOne: a simulation, or a test without threads.
    kCaller,
  };

  explicit TaskQueue(MonotonicClock clock = SystemMonotonicClock(), Runner runner = Runner::kThread);

  // Stops.
  ~TaskQueue();

  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  void Post(Task task);
  void PostAfter(absl::Duration delay, Task task);

  // The task in progress ends; those that wait are dropped unrun, and so are
  // later ones. Not from a task.
  void Stop();

  // Looks at the clock again: for tests that have moved theirs.
  void Wake();

  // Runs the next task that is ready or due; false: there is none now. Only with
  // Runner::kCaller.
  bool RunOne();
  // When the next one is ready or due; InfiniteDuration: none is there.
  absl::Duration NextDue();

 private:
  void Run();
  void TakeDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const MonotonicClock clock_;
  absl::Mutex mutex_;
  absl::CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Task> ready_ ABSL_GUARDED_BY(mutex_);
  // By due time, then by the order of posting.
  std::map<std::pair<absl::Duration, uint64_t>, Task> later_ ABSL_GUARDED_BY(mutex_);
  uint64_t posted_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace tutti::control

#endif  // CONTROL_SCHEDULER_TASK_QUEUE_H_
