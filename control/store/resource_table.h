#ifndef CONTROL_STORE_RESOURCE_TABLE_H_
#define CONTROL_STORE_RESOURCE_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/store/records.pb.h"
#include "control/store/sql/connection.h"
#include "control/store/table.h"

namespace tutti::control {

namespace table {

using Values = std::vector<sql::Value>;

// The statements of one table of resources.
struct ResourceSql {
  // `constant` columns are written by the insert alone, `changing` ones by each
  // update, too; id, revision and body are in every table. `stream` begins the
  // names of the rows' streams; empty: they have none of their own.
  ResourceSql(const std::string& table, absl::Span<const char* const> constant, absl::Span<const char* const> changing,
              const std::string& stream);

  std::string find;
  std::string insert;
  std::string update;
  // Up to the customer's condition.
  std::string list;
  std::string due;
  std::string next_deadline;
  std::string count;
  std::string purge;
  // Empty: nothing to purge.
  std::string purge_streams;
};

// The end of a list's statement, with what `start` adds to its values.
void AppendPage(const PageStart& start, int limit, std::string& sql, Values& values);

// The columns node_id and command_at.
void AppendJob(const store::NodeJob& job, Values& values);

}  // namespace table

// What the tables of conferences, conferencecalls, calls, recordings and transcribes have in common: a row
// is a serialized record, and columns repeat what queries ask for.
//
// `Kind` says what is different: its Record; kTable, kConstant, kChanging and
// kStream as in ResourceSql; kStatuses; Id(record); and AppendConstant and
// AppendChanging, which give the values of those columns.
template <typename Kind>
class ResourceTable {
 public:
  using Record = typename Kind::Record;

  explicit ResourceTable(sql::Connection& connection) : connection_(connection) {}

  absl::StatusOr<std::optional<Record>> Find(const std::string& id, Lock lock) {
    if (lock == Lock::kNo || connection_.LockClause().empty()) {
      return table::FindOne<Record>(connection_, Sql().find, {id});
    }
    return table::FindOne<Record>(connection_, std::string(Sql().find).append(connection_.LockClause()), {id});
  }

  // ALREADY_EXISTS: the id is taken.
  absl::Status Insert(const Record& record) {
    const std::string body = record.SerializeAsString();
    table::Values values = {Kind::Id(record)};
    Kind::AppendConstant(record, values);
    Kind::AppendChanging(record, values);
    values.push_back(record.revision());
    values.push_back(sql::Blob{body});
    return table::ExecuteOne(connection_, Sql().insert, values);
  }

  // Writes a row that is still as it was read, at `read_revision`; ABORTED
  // (ROW_CHANGED): another transaction has changed it since.
  absl::Status Update(const Record& record, int64_t read_revision) {
    const std::string body = record.SerializeAsString();
    table::Values values;
    Kind::AppendChanging(record, values);
    values.push_back(record.revision());
    values.push_back(sql::Blob{body});
    values.push_back(Kind::Id(record));
    values.push_back(read_revision);
    return table::UpdateRow(connection_, Sql().update, values);
  }

  absl::StatusOr<std::vector<std::string>> FindDue(int64_t now_us, int limit) {
    return table::FindIds(connection_, Sql().due, {now_us, limit});
  }

  // Earliest deadline; 0: none.
  absl::StatusOr<int64_t> NextDeadline() { return table::FindNumber(connection_, Sql().next_deadline, {}); }

  // Of those that have not ended.
  absl::StatusOr<std::vector<int64_t>> CountByStatus() {
    return table::CountByStatus(connection_, Sql().count, Kind::kStatuses);
  }

  // Deletes at most `limit` that ended before, with their streams.
  absl::StatusOr<int64_t> Purge(int64_t ended_before_us, int limit) {
    if (!Sql().purge_streams.empty()) {
      auto streams = connection_.Execute(Sql().purge_streams, {ended_before_us, limit});
      if (!streams.ok()) return streams;
    }
    return connection_.Execute(Sql().purge, {ended_before_us, limit});
  }

 protected:
  // Newest first; those whose columns have these values.
  using Conditions = absl::Span<const std::pair<const char*, sql::Value>>;
  absl::StatusOr<std::vector<Record>> List(const std::string& customer_id, Conditions conditions,
                                           const PageStart& start, int limit) {
    std::string sql = Sql().list;
    table::Values values = {customer_id};
    for (const auto& [column, value] : conditions) {
      sql.append(" AND ").append(column).append(" = ?");
      values.push_back(value);
    }
    table::AppendPage(start, limit, sql, values);
    return table::FindMany<Record>(connection_, sql, values);
  }

  sql::Connection& connection_;

 private:
  static const table::ResourceSql& Sql() {
    static const table::ResourceSql& sql =
        *new table::ResourceSql(Kind::kTable, Kind::kConstant, Kind::kChanging, Kind::kStream);
    return sql;
  }
};

}  // namespace tutti::control

#endif  // CONTROL_STORE_RESOURCE_TABLE_H_
