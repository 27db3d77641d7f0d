#ifndef CONTROL_CORE_STRAYS_H_
#define CONTROL_CORE_STRAYS_H_

#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "control/rules/media.h"

namespace tutti::control {

// What media nodes have and the store knows nothing of. Thread-safe.
class Strays {
 public:
  // Of what the node is seen with now, that which was there for `age_min` already; the rest is remembered.
  Effects TakeOld(const std::string& node_id, Effects seen_now, absl::Time now, absl::Duration age_min);

 private:
  absl::Mutex mutex_;
  // By node and id, with the time when they were first seen. As many as the nodes have.
  std::map<std::pair<std::string, std::string>, absl::Time> since_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_STRAYS_H_
