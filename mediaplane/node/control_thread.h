#ifndef MEDIAPLANE_NODE_CONTROL_THREAD_H_
#define MEDIAPLANE_NODE_CONTROL_THREAD_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace tutti::mediaplane {

// The one thread that the node and the control side of the engine live on. It
// runs tasks in the order in which they were posted, and between them a poll
// function, which says when it wants to run again.
class ControlThread {
 public:
  static constexpr size_t kTasksMax = 10'000;

  // `poll` runs after each batch of tasks and when the time that it gave is over.
  explicit ControlThread(std::function<absl::Duration()> poll);

  // Runs what is posted, then ends the thread.
  ~ControlThread();
  ControlThread(const ControlThread&) = delete;
  ControlThread& operator=(const ControlThread&) = delete;

  // False when kTasksMax wait: a request from outside must be refused then.
  // Thread-safe.
  [[nodiscard]] bool TryPost(std::function<void()> task);

  // For what may not be lost and is bounded elsewhere. Thread-safe.
  void Post(std::function<void()> task);

  // Runs the task there and waits for it. Not from the control thread.
  void Run(const std::function<void()>& task);

 private:
  void Loop();

  const std::function<absl::Duration()> poll_;
  absl::Mutex mutex_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NODE_CONTROL_THREAD_H_
