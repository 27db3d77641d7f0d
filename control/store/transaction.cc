#include "control/store/transaction.h"

#include "common/status/status.h"

namespace tutti::control {

absl::StatusOr<absl::Time> Transaction::Now() {
  if (connection_.NowQuery().empty()) return clock_.Now();
  TUTTI_ASSIGN_OR_RETURN(const int64_t now_us, table::FindNumber(connection_, connection_.NowQuery(), {}));
  return absl::FromUnixMicros(now_us);
}

}  // namespace tutti::control
