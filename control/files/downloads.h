#ifndef CONTROL_FILES_DOWNLOADS_H_
#define CONTROL_FILES_DOWNLOADS_H_

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace tutti::control {

// Threads for answers that last as long as their clients take: a thread for each,
// up to a limit, kept for the next. Thread-safe.
class Downloads {
 public:
  // At a time, and of one customer.
  Downloads(int max, int customer_max) : max_(max), customer_max_(customer_max) {}
  // Stops.
  ~Downloads();

  // RESOURCE_EXHAUSTED (RATE_LIMIT_EXCEEDED), or UNAVAILABLE once it was stopped: the
  // task is not run.
  absl::Status Run(const std::string& customer_id, std::function<void()> task);

  // Waits for what runs: cancel it first.
  void Stop();

  int Running() const;

 private:
  struct Task {
    std::string customer_id;
    std::function<void()> run;
  };

  void Work();

  const int max_;
  const int customer_max_;
  mutable absl::Mutex mutex_;
  // Not yet taken by a thread, of which there are enough.
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> running_ ABSL_GUARDED_BY(mutex_);
  int all_running_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::control

#endif  // CONTROL_FILES_DOWNLOADS_H_
