#include "control/core/node_lease.h"

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::control {

absl::Status LeaseLost(const NodeLease& lease) {
  return Error(absl::StatusCode::kAborted, "LEASE_LOST",
               absl::StrCat("another owner watches media node ", lease.node_id, " now"));
}

absl::Status HoldLease(Work& work, const NodeLease& lease) {
  TUTTI_ASSIGN_OR_RETURN(const bool mine, work.tx().media_nodes.HoldTerm(lease.node_id, lease.term));
  return mine ? absl::OkStatus() : LeaseLost(lease);
}

absl::Status SetNodeSequence(Work& work, const NodeLease& lease, const std::string& epoch, int64_t sequence) {
  TUTTI_ASSIGN_OR_RETURN(const bool mine,
                         work.tx().media_nodes.SetSequence(lease.node_id, lease.term, epoch, sequence));
  return mine ? absl::OkStatus() : LeaseLost(lease);
}

}  // namespace tutti::control
