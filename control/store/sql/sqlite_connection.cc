#include "control/store/sql/sqlite_connection.h"

#include <sqlite3.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace tutti::sql {
namespace {

// How long a statement waits for a lock that another program holds, e.g. a
// backup; the writer of ours is alone.
constexpr int kBusyTimeoutMs = 5'000;

// Every commit is durable. 64 MiB of pages at most are kept in memory.
constexpr char kWriterSettings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;";

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}

  bool IsNull(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  int64_t Int64(int column) const override { return sqlite3_column_int64(statement_, column); }
  std::string_view Bytes(int column) const override {
    const void* bytes = sqlite3_column_blob(statement_, column);
    if (bytes == nullptr) return {};
    return {static_cast<const char*>(bytes), static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_;
};

absl::StatusCode CodeOf(int result) {
  switch (result & 0xff) {
    case SQLITE_CONSTRAINT:
      return absl::StatusCode::kAlreadyExists;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
      return absl::StatusCode::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return absl::StatusCode::kPermissionDenied;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status MakeError(sqlite3* db, std::string_view what) {
  const int result = db == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(db);
  const char* sentence = db == nullptr ? "out of memory" : sqlite3_errmsg(db);
  return absl::Status(CodeOf(result), absl::StrCat("SQLite: ", sentence, " (", result, ") in ", std::string(what)));
}

int Bind(sqlite3_stmt* statement, int index, const Value& value) {
  switch (value.kind) {
    case Value::Kind::kNull:
      return sqlite3_bind_null(statement, index);
    case Value::Kind::kInt64:
      return sqlite3_bind_int64(statement, index, value.number);
    case Value::Kind::kText:
      return sqlite3_bind_text64(statement, index, value.bytes.data() == nullptr ? "" : value.bytes.data(),
                                 value.bytes.size(), SQLITE_STATIC, SQLITE_UTF8);
    case Value::Kind::kBlob:
      // A null pointer would bind NULL.
      return sqlite3_bind_blob64(statement, index, value.bytes.empty() ? "" : value.bytes.data(), value.bytes.size(),
                                 SQLITE_STATIC);
  }
  return SQLITE_MISUSE;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path, Mode mode) {
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (mode == Mode::kReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  sqlite3* db = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  // Owns db from here on, also after a failure.
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(db));
  if (result != SQLITE_OK) return MakeError(db, absl::StrCat("opening ", path));
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, kBusyTimeoutMs);
  if (mode == Mode::kReadWrite) {
    absl::Status status = connection->ExecuteScript(kWriterSettings);
    if (!status.ok()) return status;
  }
  return connection;
}

SqliteConnection::~SqliteConnection() {
  for (auto& [text, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

absl::StatusOr<sqlite3_stmt*> SqliteConnection::Prepare(std::string_view sql) {
  const absl::string_view key(sql.data(), sql.size());
  if (auto found = statements_.find(key); found != statements_.end()) return found->second;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement,
                         nullptr) != SQLITE_OK) {
    return LastError(sql);
  }
  statements_.emplace(key, statement);
  return statement;
}

absl::StatusOr<int64_t> SqliteConnection::Query(std::string_view sql, absl::Span<const Value> values, RowFn row) {
  auto prepared = Prepare(sql);
  if (!prepared.ok()) return prepared.status();
  sqlite3_stmt* const statement = *prepared;
  absl::Cleanup reset = [statement] {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  };
  for (size_t i = 0; i < values.size(); ++i) {
    if (Bind(statement, static_cast<int>(i) + 1, values[i]) != SQLITE_OK) return LastError(sql);
  }
  for (;;) {
    const int result = sqlite3_step(statement);
    if (result == SQLITE_DONE) break;
    if (result != SQLITE_ROW) return LastError(sql);
    absl::Status status = row(SqliteRow(statement));
    if (!status.ok()) return status;
  }
  return sqlite3_stmt_readonly(statement) ? 0 : sqlite3_changes64(db_);
}

int64_t SqliteConnection::RowsWritten() const { return sqlite3_total_changes64(db_); }

absl::Status SqliteConnection::ExecuteScript(std::string_view sql) {
  const std::string text(sql);
  if (sqlite3_exec(db_, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return LastError(sql.substr(0, 80));
  return absl::OkStatus();
}

bool SqliteConnection::InTransaction() const { return sqlite3_get_autocommit(db_) == 0; }

absl::Status SqliteConnection::LastError(std::string_view sql) const { return MakeError(db_, sql); }

}  // namespace tutti::sql
