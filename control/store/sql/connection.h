#ifndef CONTROL_STORE_SQL_CONNECTION_H_
#define CONTROL_STORE_SQL_CONNECTION_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tutti::sql {

// The reason of the ABORTED error of a transaction that others were in the way
// of: a store runs such a step again.
inline constexpr char kRowChanged[] = "ROW_CHANGED";

// Bytes that are no text; the view must live as long as the call that takes it.
struct Blob {
  std::string_view bytes;
};

// A value bound to a placeholder. Text and bytes are views: they must live until
// the call returns.
struct Value {
  enum class Kind { kNull, kInt64, kText, kBlob };

  Value() = default;
  Value(int64_t number) : kind(Kind::kInt64), number(number) {}      // NOLINT: values are written in place.
  Value(int32_t number) : Value(int64_t{number}) {}                  // NOLINT
  Value(std::string_view text) : kind(Kind::kText), bytes(text) {}   // NOLINT
  Value(const std::string& text) : Value(std::string_view(text)) {}  // NOLINT
  Value(const char* text) : Value(std::string_view(text)) {}         // NOLINT
  Value(Blob blob) : kind(Kind::kBlob), bytes(blob.bytes) {}         // NOLINT

  // 0 is stored as NULL: the way that optional times are kept.
  static Value NullIfZero(int64_t number) { return number == 0 ? Value() : Value(number); }
  static Value NullIfEmpty(std::string_view text) { return text.empty() ? Value() : Value(text); }

  Kind kind = Kind::kNull;
  int64_t number = 0;
  std::string_view bytes;
};

// One row of a result; valid only within the callback that gets it.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool IsNull(int column) const = 0;
  // 0 for NULL.
  virtual int64_t Int64(int column) const = 0;
  // Text or bytes; empty for NULL.
  virtual std::string_view Bytes(int column) const = 0;
  std::string Text(int column) const { return std::string(Bytes(column)); }
};

using RowFn = absl::FunctionRef<absl::Status(const Row&)>;

// A session with a data base, in the subset of SQL that SQLite and PostgreSQL
// share: placeholders are `?`, blobs are BLOB, upserts are ON CONFLICT.
// Statements are prepared once for each text and kept, so texts must be few: no
// values in them. Used by one thread at a time.
//
// Errors: UNAVAILABLE (busy, lost connection, disk full: nothing was kept; try
// again), ABORTED (ROW_CHANGED: the transaction lost a race with another one),
// ALREADY_EXISTS (a unique key is taken), DATA_LOSS (the file is damaged),
// PERMISSION_DENIED, INTERNAL (a statement of ours is wrong). After an error the
// transaction is only to be rolled back.
class Connection {
 public:
  virtual ~Connection() = default;

  // Calls `row` for each row of the result; its error ends the statement and is
  // returned. Returns how many rows an INSERT, UPDATE or DELETE touched.
  virtual absl::StatusOr<int64_t> Query(std::string_view sql, absl::Span<const Value> values, RowFn row) = 0;

  absl::StatusOr<int64_t> Execute(std::string_view sql, absl::Span<const Value> values = {}) {
    return Query(sql, values, [](const Row&) { return absl::OkStatus(); });
  }

  // Several statements without values: migrations. Not kept.
  virtual absl::Status ExecuteScript(std::string_view sql) = 0;

  // False after the data base ended the transaction by itself (disk full, lost
  // connection).
  virtual bool InTransaction() const = 0;

  // What ends a SELECT that locks the rows it reads: " FOR UPDATE", or nothing
  // where there is one writer.
  virtual std::string_view LockClause() const = 0;
  // The same for one that keeps others from changing the rows: " FOR SHARE".
  virtual std::string_view ShareClause() const = 0;

  // A SELECT of the server's time, Unix microseconds; empty where there is no
  // server and the process's clock is the one.
  virtual std::string_view NowQuery() const = 0;
};

}  // namespace tutti::sql

#endif  // CONTROL_STORE_SQL_CONNECTION_H_
