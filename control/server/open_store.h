#ifndef CONTROL_SERVER_OPEN_STORE_H_
#define CONTROL_SERVER_OPEN_STORE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "control/scheduler/task_queue.h"
#include "control/store/queued_store.h"

namespace tutti::control {

struct StoreSettings {
  // Made when missing; SQLite's file is tutti.db in it.
  std::string data_dir;
  // Empty: SQLite.
  std::string postgres_url;
  // How long to wait for a PostgreSQL server that starts.
  absl::Duration start_wait_max = absl::Seconds(10);
  MonotonicClock monotonic;
  uint32_t jitter_seed = 0;
  std::function<void(const QueuedStore::CommitReport&)> on_commit;
  // PostgresStore's.
  std::function<void()> on_remote_commit;
};

// The store that is configured. An error is one sentence for the operator,
// without the URL's password.
absl::StatusOr<std::unique_ptr<QueuedStore>> OpenStore(const StoreSettings& settings, Clock& clock);

// Where it is, for people.
std::string DescribeStore(const std::string& data_dir, const std::string& postgres_url);

}  // namespace tutti::control

#endif  // CONTROL_SERVER_OPEN_STORE_H_
