#ifndef CONTROL_STORE_SQL_POSTGRES_CONNECTION_H_
#define CONTROL_STORE_SQL_POSTGRES_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "control/store/sql/connection.h"

struct pg_conn;
struct pg_result;

namespace tutti::sql {

// A session with a PostgreSQL server, 13 or newer. Placeholders are rewritten to
// $1, $2, …; no error and no description holds the password.
class PostgresConnection final : public Connection {
 public:
  // `url` is libpq's: postgresql://USER@HOST/NAME, or "host=… dbname=…". Waits two
  // seconds for each address. INVALID_ARGUMENT: it is none. UNAVAILABLE: the
  // server doesn't answer, or refuses.
  static absl::StatusOr<std::unique_ptr<PostgresConnection>> Open(const std::string& url);

  // Where a URL leads, for people: "tutti on db.example:5432 as tutti".
  static std::string Describe(const std::string& url);

  ~PostgresConnection() override;
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  absl::StatusOr<int64_t> Query(std::string_view sql, absl::Span<const Value> values, RowFn row) override;
  absl::Status ExecuteScript(std::string_view sql) override;
  bool InTransaction() const override;
  std::string_view LockClause() const override { return " FOR UPDATE"; }
  std::string_view ShareClause() const override { return " FOR SHARE"; }
  std::string_view NowQuery() const override {
    return "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT";
  }

  // Unlike a plain COMMIT an error, too, where a statement that failed before has
  // made the server roll back. UNAVAILABLE with IsBroken(): nobody knows whether
  // it was committed.
  absl::Status Commit();

  // The server is gone; a new connection is needed.
  bool IsBroken() const;
  // The server's process for this session.
  int ServerPid() const;

  // Of a session that does LISTEN: the socket to wait at, and whether another
  // session has sent something since.
  int Socket() const;
  absl::StatusOr<bool> TakeNotifications();

 private:
  struct Statement {
    std::string name;
    size_t parameters = 0;
  };

  explicit PostgresConnection(pg_conn* connection) : connection_(connection) {}

  absl::StatusOr<const Statement*> Prepare(std::string_view sql);
  absl::Status MakeError(const pg_result* result, std::string_view sql) const;

  pg_conn* connection_;
  // By the text with `?`.
  absl::flat_hash_map<std::string, Statement> statements_;
};

}  // namespace tutti::sql

#endif  // CONTROL_STORE_SQL_POSTGRES_CONNECTION_H_
