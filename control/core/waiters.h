#ifndef CONTROL_CORE_WAITERS_H_
#define CONTROL_CORE_WAITERS_H_

#include <map>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "control/core/done.h"
#include "tutti/control/v1/call.pb.h"

namespace tutti::control {

// Who waits until a call is answered or refused. Thread-safe.
class Waiters {
 public:
  Waiters() = default;
  // Refuses those that still wait.
  ~Waiters();

  void Add(const std::string& call_id, Done<v1::Call> done);
  void Answer(const std::string& call_id, const absl::StatusOr<v1::Call>& answer);
  // The calls that are waited for.
  std::set<std::string> Calls() const;

 private:
  mutable absl::Mutex mutex_;
  std::multimap<std::string, Done<v1::Call>> waiters_ ABSL_GUARDED_BY(mutex_);
};

class Steps;

// Answers who waits for what another replica has committed. Nothing but a read,
// and that only while somebody waits.
absl::Status PollWaiters(Steps& steps);

}  // namespace tutti::control

#endif  // CONTROL_CORE_WAITERS_H_
