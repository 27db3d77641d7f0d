#ifndef CONTROL_STORE_POSTGRES_STORE_H_
#define CONTROL_STORE_POSTGRES_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "control/store/postgres_pool.h"
#include "control/store/postgres_wakeup.h"
#include "control/store/queued_store.h"

namespace tutti::control {

// The store in a PostgreSQL data base, which several replicas share. Each step is
// a transaction of its own; some run side by side.
class PostgresStore final : public QueuedStore {
 public:
  struct Options {
    // Waiting steps; beyond them Submit is refused.
    size_t queue_max = 8'192;
    // Threads that run steps, each with a connection; 0: the owner calls
    // RunPending, and there is no thread at all.
    int writers = 4;
    // Connections for reads.
    int readers = 4;
    PostgresConnector::MonotonicClock monotonic;
    // Replicas that lost a race to each other pause for different times.
    uint32_t jitter_seed = 0;
    // Called on a thread of the store's after each commit, side by side; may be
    // empty.
    std::function<void(const CommitReport&)> on_commit;
    // Called on a thread of the store's soon after other replicas wrote events,
    // once for many; a hint that may be missing. May be empty.
    std::function<void()> on_remote_commit;
  };

  // Connects, and brings the schema up to date; replicas may do so together.
  // Errors are for the operator: UNAVAILABLE: the server can't be reached.
  static absl::StatusOr<std::unique_ptr<PostgresStore>> Open(const std::string& url, Clock& clock, Options options);

  // Runs what was submitted, then closes.
  ~PostgresStore() override;

  absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> read) override;

 private:
  PostgresStore(const std::string& url, Clock& clock, Options options);

  static absl::Status MigrateTogether(const std::string& url);

  void RunBatch(int worker, std::vector<Job>& batch) override;
  absl::Status RunStep(int worker, const Step& step);
  // One attempt. `again` says that nothing was kept and another one may succeed.
  absl::Status TryStep(const Step& step, int attempt, bool& again);
  void Pause(int worker, int attempt);

  Clock& clock_;
  const Options options_;
  PostgresConnector connector_;
  PostgresPool writers_;
  PostgresPool readers_;
  // For pauses; each its worker's.
  std::vector<std::minstd_rand> jitter_;
  std::unique_ptr<PostgresWakeup> wakeup_;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_POSTGRES_STORE_H_
