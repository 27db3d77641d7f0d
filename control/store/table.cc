#include "control/store/table.h"

#include "common/status/status.h"

namespace tutti::control::table {

absl::StatusOr<std::vector<std::string>> FindIds(sql::Connection& connection, std::string_view sql,
                                                 absl::Span<const sql::Value> values) {
  std::vector<std::string> ids;
  auto rows = connection.Query(sql, values, [&](const sql::Row& row) {
    ids.push_back(row.Text(0));
    return absl::OkStatus();
  });
  if (!rows.ok()) return rows.status();
  return ids;
}

absl::StatusOr<int64_t> FindNumber(sql::Connection& connection, std::string_view sql,
                                   absl::Span<const sql::Value> values) {
  int64_t number = 0;
  auto rows = connection.Query(sql, values, [&](const sql::Row& row) {
    number = row.Int64(0);
    return absl::OkStatus();
  });
  if (!rows.ok()) return rows.status();
  return number;
}

absl::StatusOr<std::vector<int64_t>> CountByStatus(sql::Connection& connection, std::string_view sql, int size) {
  std::vector<int64_t> counts(size);
  auto rows = connection.Query(sql, {}, [&](const sql::Row& row) {
    const int64_t status = row.Int64(0);
    if (status >= 0 && status < size) counts[status] = row.Int64(1);
    return absl::OkStatus();
  });
  if (!rows.ok()) return rows.status();
  return counts;
}

absl::Status UpdateRow(sql::Connection& connection, std::string_view sql, absl::Span<const sql::Value> values) {
  auto rows = connection.Execute(sql, values);
  if (!rows.ok()) return rows.status();
  if (*rows != 1) return Error(absl::StatusCode::kAborted, kRowChanged, "another transaction has changed a row");
  return absl::OkStatus();
}

absl::Status ExecuteOne(sql::Connection& connection, std::string_view sql, absl::Span<const sql::Value> values) {
  auto rows = connection.Execute(sql, values);
  if (!rows.ok()) return rows.status();
  if (*rows != 1) return absl::InternalError("a row that was to be written is not there");
  return absl::OkStatus();
}

int64_t Microseconds(const google::protobuf::Timestamp& time) {
  return time.seconds() * 1'000'000 + time.nanos() / 1'000;
}

}  // namespace tutti::control::table
