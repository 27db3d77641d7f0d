#ifndef CONTROL_STORE_QUEUED_STORE_H_
#define CONTROL_STORE_QUEUED_STORE_H_

#include <cstddef>
#include <deque>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "control/store/store.h"

namespace tutti::control {

// What the stores have in common: a bounded queue of steps, and the threads that
// take batches from it.
class QueuedStore : public Store {
 public:
  struct CommitReport {
    size_t steps = 0;
    // From the begin to the durable commit.
    absl::Duration latency;
  };

  void Submit(Step step, Done done) final;

  // Runs one batch on the caller's thread; false: there was nothing to do. Only
  // where the store has no thread of its own.
  bool RunPending();

  size_t QueueDepth();

 protected:
  struct Job {
    Step step;
    Done done;
  };

  // Beyond `queue_max` waiting steps Submit is refused.
  QueuedStore(size_t queue_max, size_t batch_max) : queue_max_(queue_max), batch_max_(batch_max) {}

  // Once, when the store is ready.
  void StartThreads(int count);
  // Refuses what comes and runs what was submitted. For the destructor of the
  // store that it ends.
  void Close();

  // Runs the steps and calls each `done`. `worker` counts the threads from 0.
  virtual void RunBatch(int worker, std::vector<Job>& batch) = 0;

  // The last of a step: what it holds is let go before its `done` may end its owner.
  static void Finish(Job& job, absl::Status result);

  static absl::Status Unavailable(std::string_view message);

 private:
  void RunThread(int worker);
  std::vector<Job> TakeBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t queue_max_;
  const size_t batch_max_;
  absl::Mutex mutex_;
  std::deque<Job> queue_ ABSL_GUARDED_BY(mutex_);
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_QUEUED_STORE_H_
