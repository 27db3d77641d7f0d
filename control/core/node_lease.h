#ifndef CONTROL_CORE_NODE_LEASE_H_
#define CONTROL_CORE_NODE_LEASE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "control/rules/media.h"
#include "control/rules/work.h"

namespace tutti::control {

// ABORTED (LEASE_LOST): another owner watches the node now.
absl::Status LeaseLost(const NodeLease& lease);
// LeaseLost where the node has another owner by now; else it has none until this step's end.
absl::Status HoldLease(Work& work, const NodeLease& lease);
// Marks the node's events as dealt with, or LeaseLost.
absl::Status SetNodeSequence(Work& work, const NodeLease& lease, const std::string& epoch, int64_t sequence);

}  // namespace tutti::control

#endif  // CONTROL_CORE_NODE_LEASE_H_
