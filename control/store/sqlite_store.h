#ifndef CONTROL_STORE_SQLITE_STORE_H_
#define CONTROL_STORE_SQLITE_STORE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/clock/clock.h"
#include "control/store/queued_store.h"
#include "control/store/sql/sqlite_connection.h"

namespace tutti::control {

// The store in one SQLite file, for one process. One writer commits all that was
// submitted meanwhile in one transaction; where a step of it fails after it has
// written, they run again, each under a savepoint of its own. Readers have
// connections of their own and never wait for the writer.
class SqliteStore final : public QueuedStore {
 public:
  struct Options {
    // Waiting steps; beyond them Submit is refused.
    size_t queue_max = 8'192;
    // Steps of one transaction.
    size_t batch_max = 512;
    size_t readers = 4;
    // A thread of the store's own runs the steps; else the owner calls
    // RunPending.
    bool own_thread = true;
    // Commits survive a crash of the machine; without it only one of the process, for tests.
    bool durable = true;
    // Called on the store's thread after each commit; may be empty.
    std::function<void(const CommitReport&)> on_commit;
  };

  // Opens or makes the file `path` and brings its schema up to date.
  // FAILED_PRECONDITION (STORE_IN_USE): another process has it.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const std::string& path, Clock& clock, Options options);

  // Runs what was submitted, then closes.
  ~SqliteStore() override;

  absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> read) override;

 private:
  // A lock file beside the data base, held until the end.
  class FileLock;

  SqliteStore(Clock& clock, Options options);

  void RunBatch(int worker, std::vector<Job>& batch) override;
  // What can be undone when a step fails. A savepoint costs a copy of each page that its step writes.
  enum class Undo { kAll, kStep };

  // ABORTED with kAll: a step that failed has written. After an error all is to be rolled back.
  absl::Status RunSteps(std::vector<Job>& batch, Undo undo, std::vector<absl::Status>& results);
  absl::Status RunStep(const Job& job, Undo undo, absl::Status& result);

  Clock& clock_;
  const Options options_;
  std::unique_ptr<FileLock> lock_;
  // The store's thread only.
  std::unique_ptr<sql::SqliteConnection> writer_;

  absl::Mutex readers_mutex_;
  std::vector<std::unique_ptr<sql::SqliteConnection>> idle_readers_ ABSL_GUARDED_BY(readers_mutex_);
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_SQLITE_STORE_H_
