#ifndef CONTROL_STORE_SQL_SQLITE_CONNECTION_H_
#define CONTROL_STORE_SQL_SQLITE_CONNECTION_H_

#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "control/store/sql/connection.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tutti::sql {

class SqliteConnection final : public Connection {
 public:
  enum class Mode { kReadWrite, kReadOnly };

  // Opens, and with kReadWrite makes, the file in WAL mode with durable commits.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(const std::string& path, Mode mode);

  ~SqliteConnection() override;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  absl::StatusOr<int64_t> Query(std::string_view sql, absl::Span<const Value> values, RowFn row) override;
  absl::Status ExecuteScript(std::string_view sql) override;
  bool InTransaction() const override;
  std::string_view LockClause() const override { return {}; }
  std::string_view ShareClause() const override { return {}; }
  std::string_view NowQuery() const override { return {}; }
  // Since it was opened, also those that were rolled back.
  int64_t RowsWritten() const;

 private:
  explicit SqliteConnection(sqlite3* db) : db_(db) {}

  absl::StatusOr<sqlite3_stmt*> Prepare(std::string_view sql);
  absl::Status LastError(std::string_view sql) const;

  sqlite3* db_;
  // By text; finalized at the end.
  absl::flat_hash_map<std::string, sqlite3_stmt*> statements_;
};

}  // namespace tutti::sql

#endif  // CONTROL_STORE_SQL_SQLITE_CONNECTION_H_
