#ifndef CONTROL_STORE_STORE_H_
#define CONTROL_STORE_STORE_H_

#include <functional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "control/store/transaction.h"

namespace tutti::control {

// The truth. Thread-safe.
class Store {
 public:
  // A step runs within one transaction and changes nothing else: it may be run
  // again when the data base asks for that, and what it writes through its
  // captures counts only once `done` was called. An error undoes it alone.
  using Step = std::function<absl::Status(Transaction&)>;
  using Done = std::function<void(absl::Status)>;

  virtual ~Store() = default;

  // Queues a step. `done` is called once: with the step's error, or after its
  // commit is durable, or with UNAVAILABLE when the queue is full or the store
  // is closing. Steps run in the order of submission, and their `done`s are
  // called in that order, on the store's thread: it must not block, and may
  // submit.
  virtual void Submit(Step step, Done done) = 0;

  // Runs `read` on a consistent view of what is committed, on the caller's
  // thread. `read` must not write.
  virtual absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> read) = 0;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_STORE_H_
