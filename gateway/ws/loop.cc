#include "gateway/ws/loop.h"

#include <chrono>

namespace tutti::gateway::ws {
namespace {

// Of a steady clock: pauses are not changed by somebody who sets the time.
absl::Time Steady() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

ThreadLoop::ThreadLoop() : thread_([this] { Run(); }) {}

ThreadLoop::~ThreadLoop() { Stop(); }

void ThreadLoop::Post(Task task) {
  absl::MutexLock lock(&mutex_);
  if (stopped_) return;
  ready_.push_back(std::move(task));
  changed_.Signal();
}

void ThreadLoop::PostAfter(absl::Duration delay, Task task) {
  absl::MutexLock lock(&mutex_);
  if (stopped_) return;
  later_.emplace(Steady() + delay, std::move(task));
  changed_.Signal();
}

void ThreadLoop::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.Signal();
  }
  if (thread_.joinable()) thread_.join();
  // Let go of outside the lock.
  std::vector<Task> ready;
  std::multimap<absl::Time, Task> later;
  absl::MutexLock lock(&mutex_);
  ready.swap(ready_);
  later.swap(later_);
}

void ThreadLoop::Run() {
  std::vector<Task> tasks;
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      while (!stopped_ && ready_.empty() && (later_.empty() || later_.begin()->first > Steady())) {
        if (later_.empty()) {
          changed_.Wait(&mutex_);
        } else {
          changed_.WaitWithTimeout(&mutex_, later_.begin()->first - Steady());
        }
      }
      if (stopped_) return;
      tasks.swap(ready_);
      while (!later_.empty() && later_.begin()->first <= Steady()) {
        tasks.push_back(std::move(later_.begin()->second));
        later_.erase(later_.begin());
      }
    }
    for (Task& task : tasks) task();
    tasks.clear();
  }
}

}  // namespace tutti::gateway::ws
