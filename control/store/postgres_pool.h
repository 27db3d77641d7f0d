#ifndef CONTROL_STORE_POSTGRES_POOL_H_
#define CONTROL_STORE_POSTGRES_POOL_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "control/store/sql/postgres_connection.h"

namespace tutti::control {

// Makes connections to one server. While that can't be reached only one attempt
// is under way, with pauses that grow; everybody else is refused at once, so
// nobody waits for a server that is gone. Thread-safe.
class PostgresConnector {
 public:
  // Time that never goes back, from any origin.
  using MonotonicClock = std::function<absl::Duration()>;

  PostgresConnector(std::string url, MonotonicClock clock) : url_(std::move(url)), clock_(std::move(clock)) {}

  // UNAVAILABLE: the server can't be reached.
  absl::StatusOr<std::unique_ptr<sql::PostgresConnection>> Connect();

 private:
  bool MayTry();
  void Note(const absl::Status& status);

  const std::string url_;
  const MonotonicClock clock_;
  absl::Mutex mutex_;
  // Until the next attempt; zero while all is well.
  absl::Duration pause_ ABSL_GUARDED_BY(mutex_);
  absl::Duration next_attempt_ ABSL_GUARDED_BY(mutex_);
  bool trying_ ABSL_GUARDED_BY(mutex_) = false;
};

// Up to `size` connections, made when they are needed. Thread-safe.
class PostgresPool {
 public:
  // `connector` outlives the pool. `begin` is the statement that begins a transaction.
  PostgresPool(PostgresConnector& connector, int size, std::string_view begin)
      : connector_(connector), begin_(begin), free_(size) {}

  // A connection in a new transaction, once one is free; UNAVAILABLE: the server
  // can't be reached. Give it back in any case.
  absl::StatusOr<std::unique_ptr<sql::PostgresConnection>> Begin();
  // One that is still in a transaction is rolled back.
  void Give(std::unique_ptr<sql::PostgresConnection> connection);

 private:
  std::unique_ptr<sql::PostgresConnection> TakeIdle();
  absl::StatusOr<std::unique_ptr<sql::PostgresConnection>> BeginNew();

  PostgresConnector& connector_;
  const std::string_view begin_;
  absl::Mutex mutex_;
  // That may be taken now, made or not.
  int free_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<sql::PostgresConnection>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_POSTGRES_POOL_H_
