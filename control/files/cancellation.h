#ifndef CONTROL_FILES_CANCELLATION_H_
#define CONTROL_FILES_CANCELLATION_H_

#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tutti::control {

// Ends what blocks for somebody who has gone. Thread-safe.
class Cancellation {
 public:
  bool cancelled() const {
    absl::MutexLock lock(&mutex_);
    return cancelled_;
  }

  void Cancel() {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
    if (end_) end_();
  }

  // While it lives, Cancel calls `end`, which must not block; at once where it was
  // cancelled before.
  class Scope {
   public:
    Scope(Cancellation& cancellation, std::function<void()> end) : cancellation_(cancellation) {
      absl::MutexLock lock(&cancellation_.mutex_);
      cancellation_.end_ = std::move(end);
      if (cancellation_.cancelled_) cancellation_.end_();
    }
    ~Scope() {
      absl::MutexLock lock(&cancellation_.mutex_);
      cancellation_.end_ = nullptr;
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Cancellation& cancellation_;
  };

 private:
  mutable absl::Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::function<void()> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::control

#endif  // CONTROL_FILES_CANCELLATION_H_
