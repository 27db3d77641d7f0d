#ifndef CONTROL_STORE_TABLE_H_
#define CONTROL_STORE_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "control/store/sql/connection.h"
#include "google/protobuf/timestamp.pb.h"

namespace tutti::control {

enum class Lock { kNo, kYes };

using sql::kRowChanged;

// Where a page of a list begins: behind this row, newest first.
struct PageStart {
  // Unix microseconds; 0: at the newest.
  int64_t tm_create_us = 0;
  std::string id;
};

// What the tables have in common: a body that is a serialized record.
namespace table {

template <typename Record>
absl::Status ParseBody(const sql::Row& row, int column, Record& record) {
  const std::string_view bytes = row.Bytes(column);
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("the body of a stored row can't be read");
  }
  return absl::OkStatus();
}

// The record that `sql` finds, its body in column 0.
template <typename Record>
absl::StatusOr<std::optional<Record>> FindOne(sql::Connection& connection, std::string_view sql,
                                              absl::Span<const sql::Value> values) {
  std::optional<Record> found;
  auto rows = connection.Query(sql, values, [&](const sql::Row& row) { return ParseBody(row, 0, found.emplace()); });
  if (!rows.ok()) return rows.status();
  return found;
}

template <typename Record>
absl::StatusOr<std::vector<Record>> FindMany(sql::Connection& connection, std::string_view sql,
                                             absl::Span<const sql::Value> values) {
  std::vector<Record> found;
  auto rows =
      connection.Query(sql, values, [&](const sql::Row& row) { return ParseBody(row, 0, found.emplace_back()); });
  if (!rows.ok()) return rows.status();
  return found;
}

// The ids that `sql` finds, in column 0.
absl::StatusOr<std::vector<std::string>> FindIds(sql::Connection& connection, std::string_view sql,
                                                 absl::Span<const sql::Value> values);

// The number in column 0 of the only row; 0 where it is null or there is none.
absl::StatusOr<int64_t> FindNumber(sql::Connection& connection, std::string_view sql,
                                   absl::Span<const sql::Value> values);

// Rows by status (columns: status, count), `size` of them.
absl::StatusOr<std::vector<int64_t>> CountByStatus(sql::Connection& connection, std::string_view sql, int size);

// An UPDATE of one row at the revision at which it was read; ABORTED
// (ROW_CHANGED) where that is not so any more.
absl::Status UpdateRow(sql::Connection& connection, std::string_view sql, absl::Span<const sql::Value> values);

// An UPDATE or INSERT that must touch one row.
absl::Status ExecuteOne(sql::Connection& connection, std::string_view sql, absl::Span<const sql::Value> values);

int64_t Microseconds(const google::protobuf::Timestamp& time);

}  // namespace table
}  // namespace tutti::control

#endif  // CONTROL_STORE_TABLE_H_
