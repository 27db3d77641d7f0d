#ifndef CONTROL_CORE_DONE_H_
#define CONTROL_CORE_DONE_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tutti::control {

// Called from the store's thread, after the commit; from the caller's where nothing is committed.
template <typename T>
using Done = std::function<void(absl::StatusOr<T>)>;
using DoneStatus = std::function<void(absl::Status)>;

}  // namespace tutti::control

#endif  // CONTROL_CORE_DONE_H_
