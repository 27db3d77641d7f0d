#include "control/scheduler/task_queue.h"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace tutti::control {
namespace {

// The clock is looked at again after this time at the latest.
constexpr absl::Duration kWaitMax = absl::Seconds(1);

}  // namespace

MonotonicClock SystemMonotonicClock() {
  return [] { return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()); };
}

TaskQueue::TaskQueue(MonotonicClock clock, Runner runner) : clock_(std::move(clock)) {
  if (runner == Runner::kThread) thread_ = std::thread([this] { Run(); });
}

TaskQueue::~TaskQueue() { Stop(); }

void TaskQueue::Post(Task task) {
  absl::MutexLock lock(&mutex_);
  if (stopped_) return;
  ready_.push_back(std::move(task));
  changed_.Signal();
}

void TaskQueue::PostAfter(absl::Duration delay, Task task) {
  const absl::Duration due = clock_() + std::max(delay, absl::ZeroDuration());
  absl::MutexLock lock(&mutex_);
  if (stopped_) return;
  later_.emplace(std::make_pair(due, ++posted_), std::move(task));
  changed_.Signal();
}

void TaskQueue::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.Signal();
  }
  if (thread_.joinable()) thread_.join();
  // Outside the lock: what a task holds may post when it is destroyed.
  std::deque<Task> ready;
  std::map<std::pair<absl::Duration, uint64_t>, Task> later;
  absl::MutexLock lock(&mutex_);
  ready.swap(ready_);
  later.swap(later_);
}

void TaskQueue::Wake() {
  absl::MutexLock lock(&mutex_);
  changed_.Signal();
}

void TaskQueue::TakeDue() {
  const auto end = later_.upper_bound({clock_(), UINT64_MAX});
  for (auto it = later_.begin(); it != end; ++it) ready_.push_back(std::move(it->second));
  later_.erase(later_.begin(), end);
}

bool TaskQueue::RunOne() {
  Task task;
  {
    absl::MutexLock lock(&mutex_);
    TakeDue();
    if (stopped_ || ready_.empty()) return false;
    task = std::move(ready_.front());
    ready_.pop_front();
  }
  task();
  return true;
}

absl::Duration TaskQueue::NextDue() {
  absl::MutexLock lock(&mutex_);
  if (!ready_.empty()) return clock_();
  return later_.empty() ? absl::InfiniteDuration() : later_.begin()->first.first;
}

void TaskQueue::Run() {
  std::deque<Task> batch;
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      while (true) {
        if (stopped_) return;
        TakeDue();
        if (!ready_.empty()) break;
        const absl::Duration wait =
            later_.empty() ? kWaitMax : std::min(kWaitMax, later_.begin()->first.first - clock_());
        changed_.WaitWithTimeout(&mutex_, wait);
      }
      batch.swap(ready_);
    }
    for (Task& task : batch) {
      {
        absl::MutexLock lock(&mutex_);
        if (stopped_) return;
      }
      task();
      task = nullptr;
    }
    batch.clear();
  }
}

}  // namespace tutti::control
