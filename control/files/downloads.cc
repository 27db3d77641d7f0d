#include "control/files/downloads.h"

#include <utility>

#include "common/status/status.h"

namespace tutti::control {

Downloads::~Downloads() { Stop(); }

absl::Status Downloads::Run(const std::string& customer_id, std::function<void()> task) {
  absl::MutexLock lock(&mutex_);
  if (stopped_) return Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "control is ending");
  int& running = running_[customer_id];
  if (all_running_ >= max_ || running >= customer_max_) {
    if (running == 0) running_.erase(customer_id);
    return Error(absl::StatusCode::kResourceExhausted, "RATE_LIMIT_EXCEEDED",
                 "Too many files are being read at the same time; try again.");
  }
  ++running;
  ++all_running_;
  tasks_.push_back({customer_id, std::move(task)});
  if (static_cast<int>(threads_.size()) < all_running_) threads_.emplace_back([this] { Work(); });
  return absl::OkStatus();
}

void Downloads::Work() {
  const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopped_ || !tasks_.empty(); };
  absl::MutexLock lock(&mutex_);
  while (true) {
    mutex_.Await(absl::Condition(&ready));
    if (tasks_.empty()) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    mutex_.Unlock();
    task.run();
    task.run = nullptr;
    mutex_.Lock();
    --all_running_;
    if (--running_[task.customer_id] == 0) running_.erase(task.customer_id);
  }
}

void Downloads::Stop() {
  std::vector<std::thread> threads;
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

int Downloads::Running() const {
  absl::MutexLock lock(&mutex_);
  return all_running_;
}

}  // namespace tutti::control
