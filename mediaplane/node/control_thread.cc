#include "mediaplane/node/control_thread.h"

#include <utility>

#include "absl/synchronization/notification.h"

namespace tutti::mediaplane {

ControlThread::ControlThread(std::function<absl::Duration()> poll)
    : poll_(std::move(poll)), thread_([this] { Loop(); }) {}

ControlThread::~ControlThread() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  thread_.join();
}

bool ControlThread::TryPost(std::function<void()> task) {
  absl::MutexLock lock(&mutex_);
  if (tasks_.size() >= kTasksMax) return false;
  tasks_.push_back(std::move(task));
  return true;
}

void ControlThread::Post(std::function<void()> task) {
  absl::MutexLock lock(&mutex_);
  tasks_.push_back(std::move(task));
}

void ControlThread::Run(const std::function<void()>& task) {
  absl::Notification done;
  Post([&] {
    task();
    done.Notify();
  });
  done.WaitForNotification();
}

void ControlThread::Loop() {
  absl::Duration wait = absl::ZeroDuration();
  std::deque<std::function<void()>> batch;
  for (;;) {
    {
      absl::MutexLock lock(&mutex_);
      const auto work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stop_ || !tasks_.empty(); };
      mutex_.AwaitWithTimeout(absl::Condition(&work), wait);
      if (stop_ && tasks_.empty()) return;
      batch.swap(tasks_);
    }
    for (auto& task : batch) task();
    batch.clear();
    wait = poll_();
  }
}

}  // namespace tutti::mediaplane
