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
  // A step runs within one transaction and changes nothing else: it is run again
  // when the data base asks for that, when a step that shares its transaction fails
  // or when it ends with ABORTED (ROW_CHANGED), and what it writes through its
  // captures counts only once `done` was called. An error undoes it alone.
  using Step = std::function<absl::Status(Transaction&)>;
  using Done = std::function<void(absl::Status)>;

  virtual ~Store() = default;

  // Queues a step. `done` is called once: with the step's error, or after its
  // commit is durable, or with UNAVAILABLE when the queue is full or the store
  // is closing. `done` is called on a thread of the store's: it must not block,
  // and may submit. Steps may run side by side and in any order; one that was
  // submitted after another's `done` runs after it.
  //
  // UNAVAILABLE says nothing about a commit whose connection broke: it may have
  // come to pass.
  virtual void Submit(Step step, Done done) = 0;

  // Runs `read` on a consistent view of what is committed, on the caller's
  // thread. `read` must not write.
  virtual absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> read) = 0;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_STORE_H_
