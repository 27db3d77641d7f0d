#ifndef CONTROL_SERVICE_READ_POOL_H_
#define CONTROL_SERVICE_READ_POOL_H_

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "control/scheduler/task_queue.h"

namespace tutti::control {

// Threads for what reads the store, so that gRPC's own never wait for a disk.
// Thread-safe.
class ReadPool {
 public:
  explicit ReadPool(int threads);

  // UNAVAILABLE when too much waits already; then the task is not run.
  absl::Status Run(std::function<void()> task);

  // The tasks in progress end; those that wait are dropped.
  void Stop();

  // Waiting or running. Thread-safe.
  int Depth() const { return depth_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int> depth_{0};
  std::atomic<unsigned> next_{0};
  // Last: their threads use what is above.
  std::vector<std::unique_ptr<TaskQueue>> threads_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_READ_POOL_H_
