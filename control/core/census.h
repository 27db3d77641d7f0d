#ifndef CONTROL_CORE_CENSUS_H_
#define CONTROL_CORE_CENSUS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tutti::control {

class Steps;

// What has not ended; each vector is indexed by the resource's status.
struct StatusCounts {
  std::vector<int64_t> conferences;
  std::vector<int64_t> conferencecalls;
  std::vector<int64_t> calls;
  std::vector<int64_t> recordings;
  std::vector<int64_t> transcribes;
};

// Of deliveries to webhooks.
struct WebhookCounts {
  int64_t pending = 0;
  int64_t dead = 0;
  // Since the event happened that waits for the longest.
  absl::Duration oldest;
};

// What there is, for gauges. Thread-safe.
class Census {
 public:
  explicit Census(Steps& steps) : steps_(steps) {}

  absl::StatusOr<StatusCounts> CountByStatus();
  absl::StatusOr<WebhookCounts> CountWebhooks();

 private:
  Steps& steps_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_CENSUS_H_
