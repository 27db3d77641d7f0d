#include "control/core/census.h"

#include <algorithm>

#include "common/status/status.h"
#include "control/core/steps.h"

namespace tutti::control {

absl::StatusOr<StatusCounts> Census::CountByStatus() {
  StatusCounts counts;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(counts.conferences, tx.conferences.CountByStatus());
    TUTTI_ASSIGN_OR_RETURN(counts.conferencecalls, tx.conferencecalls.CountByStatus());
    TUTTI_ASSIGN_OR_RETURN(counts.calls, tx.calls.CountByStatus());
    TUTTI_ASSIGN_OR_RETURN(counts.recordings, tx.recordings.CountByStatus());
    TUTTI_ASSIGN_OR_RETURN(counts.transcribes, tx.transcribes.CountByStatus());
    return absl::OkStatus();
  }));
  return counts;
}

absl::StatusOr<WebhookCounts> Census::CountWebhooks() {
  WebhookDeliveryTable::Counts counts;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(counts, tx.webhook_deliveries.Count());
    return absl::OkStatus();
  }));
  const absl::Duration age =
      counts.oldest_us == 0 ? absl::ZeroDuration() : steps_.Now() - absl::FromUnixMicros(counts.oldest_us);
  return WebhookCounts{counts.pending, counts.dead, std::max(age, absl::ZeroDuration())};
}

}  // namespace tutti::control
