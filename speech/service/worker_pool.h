#ifndef SPEECH_SERVICE_WORKER_POOL_H_
#define SPEECH_SERVICE_WORKER_POOL_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tutti::speech {

// Threads for tasks that take their time, in the order in which they were posted. Who
// posts bounds how many wait. Thread-safe.
class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  // Runs what was posted.
  ~WorkerPool();

  void Post(std::function<void()> task);

 private:
  void Run();

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace tutti::speech

#endif  // SPEECH_SERVICE_WORKER_POOL_H_
