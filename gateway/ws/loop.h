#ifndef GATEWAY_WS_LOOP_H_
#define GATEWAY_WS_LOOP_H_

#include <functional>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace tutti::gateway::ws {

// Runs tasks one after the other. Thread-safe.
class Loop {
 public:
  using Task = std::function<void()>;

  virtual ~Loop() = default;
  virtual void Post(Task task) = 0;
  virtual void PostAfter(absl::Duration delay, Task task) = 0;
};

// On a thread of its own.
class ThreadLoop final : public Loop {
 public:
  ThreadLoop();
  // Stops.
  ~ThreadLoop() override;

  void Post(Task task) override;
  void PostAfter(absl::Duration delay, Task task) override;

  // What is being run ends; all else is dropped, and later tasks, too. Not
  // from a task.
  void Stop();

 private:
  void Run();

  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Task> ready_ ABSL_GUARDED_BY(mutex_);
  std::multimap<absl::Time, Task> later_ ABSL_GUARDED_BY(mutex_);
  absl::CondVar changed_;
  std::thread thread_;
};

}  // namespace tutti::gateway::ws

#endif  // GATEWAY_WS_LOOP_H_
