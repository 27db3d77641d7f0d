#ifndef MEDIAPLANE_ENGINE_WORKER_THREAD_H_
#define MEDIAPLANE_ENGINE_WORKER_THREAD_H_

#include <atomic>
#include <thread>

#include "absl/status/status.h"
#include "mediaplane/engine/worker.h"

namespace tutti::mediaplane {

// Runs a worker on a thread of its own until it is destroyed. A worker that
// doesn't poll sleeps until its next occupied phase (clock_nanosleep, absolute,
// CLOCK_MONOTONIC), at most 20 ms; a polling one never sleeps. One that sleeps goes
// before other threads of the machine (kNiceness), where the process may say so: 60 ms
// late it leaves ticks out.
class WorkerThread {
 public:
  static constexpr int kNiceness = -10;

  // `cpu`: the core to stay on, -1 for any. The worker outlives this.
  WorkerThread(Worker& worker, int cpu);
  ~WorkerThread();
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

 private:
  void Run(int cpu);

  Worker& worker_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_WORKER_THREAD_H_
