#include "control/store/queued_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::control {

void QueuedStore::Submit(Step step, Done done) {
  absl::Status refusal;
  {
    absl::MutexLock lock(&mutex_);
    if (closing_) {
      refusal = Unavailable("the store is closing");
    } else if (queue_.size() >= queue_max_) {
      refusal = Unavailable(absl::StrCat("the store is overloaded: ", queue_max_, " changes wait"));
    } else {
      queue_.push_back({std::move(step), std::move(done)});
      return;
    }
  }
  done(refusal);
}

size_t QueuedStore::QueueDepth() {
  absl::MutexLock lock(&mutex_);
  return queue_.size();
}

std::vector<QueuedStore::Job> QueuedStore::TakeBatch() {
  std::vector<Job> batch;
  while (!queue_.empty() && batch.size() < batch_max_) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

bool QueuedStore::RunPending() {
  std::vector<Job> batch;
  {
    absl::MutexLock lock(&mutex_);
    batch = TakeBatch();
  }
  if (batch.empty()) return false;
  RunBatch(0, batch);
  return true;
}

void QueuedStore::StartThreads(int count) {
  for (int worker = 0; worker < count; ++worker) {
    threads_.emplace_back([this, worker] { RunThread(worker); });
  }
}

void QueuedStore::RunThread(int worker) {
  for (;;) {
    std::vector<Job> batch;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](QueuedStore* store)
               ABSL_EXCLUSIVE_LOCKS_REQUIRED(store->mutex_) { return store->closing_ || !store->queue_.empty(); },
          this));
      batch = TakeBatch();
    }
    if (batch.empty()) return;
    RunBatch(worker, batch);
  }
}

void QueuedStore::Close() {
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  while (RunPending()) {
  }
}

void QueuedStore::Finish(Job& job, absl::Status result) {
  job.step = nullptr;
  job.done(std::move(result));
}

absl::Status QueuedStore::Unavailable(std::string_view message) {
  return Error(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE", message);
}

}  // namespace tutti::control
