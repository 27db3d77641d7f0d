#ifndef COMMON_RPC_FLIGHTS_H_
#define COMMON_RPC_FLIGHTS_H_

#include <functional>
#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tutti {

// Knows which calls of a client are in flight, so that the client's end can cancel
// them and wait. Thread-safe; calls share it, for they outlive the client's body.
class Flights {
 public:
  // `cancel` keeps what it cancels alive.
  void Add(const void* call, std::function<void()> cancel);

  // The call is over, and uses nothing of its client any more.
  void Remove(const void* call);

  void CancelAndWait();

 private:
  using Calls = std::map<const void*, std::function<void()>>;

  absl::Mutex mutex_;
  Calls calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti

#endif  // COMMON_RPC_FLIGHTS_H_
