#ifndef MEDIAPLANE_RECORDING_WORK_THREADS_H_
#define MEDIAPLANE_RECORDING_WORK_THREADS_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tutti::mediaplane {

// Threads for what may wait for a disk or a child. Tasks are begun in the order in which
// they were posted; what is posted is bounded by who posts.
class WorkThreads {
 public:
  // `name`, of at most 15 letters, is what programs that look at threads see.
  WorkThreads(const char* name, int threads);
  // Runs what is posted, then ends.
  ~WorkThreads();
  WorkThreads(const WorkThreads&) = delete;
  WorkThreads& operator=(const WorkThreads&) = delete;

  // Thread-safe, also from a task.
  void Post(std::function<void()> task);

 private:
  void Run(const char* name);

  absl::Mutex mutex_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RECORDING_WORK_THREADS_H_
