#ifndef CONTROL_STORE_TESTING_TEST_STORE_H_
#define CONTROL_STORE_TESTING_TEST_STORE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "control/store/queued_store.h"
#include "control/store/sql/connection.h"

namespace tutti::control {

// An empty data base for one test, of the kind that TUTTI_TEST_STORE names:
// "postgres", or else SQLite. It is gone with this object.
class TestDatabase {
 public:
  TestDatabase();
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  struct Options {
    bool own_threads = false;
    size_t queue_max = 8'192;
    std::function<void(const QueuedStore::CommitReport&)> on_commit;
  };
  // A store over it; again, with what was committed, after the one before ended.
  absl::StatusOr<std::unique_ptr<QueuedStore>> Open(Clock& clock, Options options);
  absl::StatusOr<std::unique_ptr<QueuedStore>> Open(Clock& clock) { return Open(clock, Options()); }

  // Beside the stores.
  std::unique_ptr<sql::Connection> Connect();

  // Of this test's own.
  const std::string& folder() const { return folder_; }
  // Empty: SQLite.
  const std::string& postgres_url() const { return postgres_url_; }

  // The environment asks for PostgreSQL.
  static bool IsPostgres();

 private:
  std::string folder_;
  std::string postgres_url_;
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_TESTING_TEST_STORE_H_
