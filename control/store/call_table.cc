#include "control/store/call_table.h"

namespace tutti::control {
namespace {

using store::CallRecord;

int64_t EndedAt(const CallRecord& record) {
  return record.call().has_tm_hangup() ? table::Microseconds(record.call().tm_hangup()) : 0;
}

// A leg that was never wanted or is known to be gone is on no node.
sql::Value LegNode(const CallRecord& record) {
  return record.leg_wanted() == store::WANTED_NONE ? sql::Value() : sql::Value::NullIfEmpty(record.node_id());
}

}  // namespace

absl::StatusOr<std::optional<CallRecord>> CallTable::Find(const std::string& id, Lock lock) {
  static constexpr char kSelect[] = "SELECT body FROM calls WHERE id = ?";
  if (lock == Lock::kNo || connection_.LockClause().empty()) {
    return table::FindOne<CallRecord>(connection_, kSelect, {id});
  }
  return table::FindOne<CallRecord>(connection_, std::string(kSelect).append(connection_.LockClause()), {id});
}

absl::Status CallTable::Insert(const CallRecord& record) {
  const std::string body = record.SerializeAsString();
  const v1::Call& call = record.call();
  return table::ExecuteOne(
      connection_,
      "INSERT INTO calls (id, customer_id, status, tm_create, tm_end, deadline_at, node_id, revision, body)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {call.id(), call.customer_id(), call.status(), table::Microseconds(call.tm_create()),
       sql::Value::NullIfZero(EndedAt(record)), sql::Value::NullIfZero(record.deadline_at_us()), LegNode(record),
       record.revision(), sql::Blob{body}});
}

absl::Status CallTable::Update(const CallRecord& record, int64_t read_revision) {
  const std::string body = record.SerializeAsString();
  return table::UpdateRow(
      connection_,
      "UPDATE calls SET status = ?, tm_end = ?, deadline_at = ?, node_id = ?, revision = ?, body = ? WHERE id = ? AND "
      "revision = ?",
      {record.call().status(), sql::Value::NullIfZero(EndedAt(record)), sql::Value::NullIfZero(record.deadline_at_us()),
       LegNode(record), record.revision(), sql::Blob{body}, record.call().id(), read_revision});
}

absl::StatusOr<std::vector<CallRecord>> CallTable::List(const std::string& customer_id, int status,
                                                        const PageStart& start, int limit) {
  std::string sql = "SELECT body FROM calls WHERE customer_id = ?";
  std::vector<sql::Value> values = {customer_id};
  if (status != 0) {
    sql += " AND status = ?";
    values.push_back(status);
  }
  if (start.tm_create_us != 0) {
    sql += " AND (tm_create, id) < (?, ?)";
    values.push_back(start.tm_create_us);
    values.push_back(start.id);
  }
  sql += " ORDER BY tm_create DESC, id DESC LIMIT ?";
  values.push_back(limit);
  return table::FindMany<CallRecord>(connection_, sql, values);
}

absl::StatusOr<std::vector<std::string>> CallTable::FindDue(int64_t now_us, int limit) {
  return table::FindIds(connection_,
                        "SELECT id FROM calls WHERE deadline_at IS NOT NULL AND deadline_at <= ?"
                        " ORDER BY deadline_at LIMIT ?",
                        {now_us, limit});
}

absl::StatusOr<std::vector<std::string>> CallTable::FindDueOf(int status, int64_t deadline_max_us, int limit) {
  return table::FindIds(connection_,
                        "SELECT id FROM calls WHERE tm_end IS NULL AND status = ? AND deadline_at <= ?"
                        " ORDER BY deadline_at LIMIT ?",
                        {status, deadline_max_us, limit});
}

absl::StatusOr<int64_t> CallTable::NextDeadline() {
  return table::FindNumber(connection_, "SELECT MIN(deadline_at) FROM calls WHERE deadline_at IS NOT NULL", {});
}

absl::StatusOr<std::vector<std::string>> CallTable::FindByNode(const std::string& node_id) {
  return table::FindIds(connection_, "SELECT id FROM calls WHERE node_id = ? ORDER BY id", {node_id});
}

absl::StatusOr<std::vector<int64_t>> CallTable::CountByStatus() {
  return table::CountByStatus(connection_, "SELECT status, COUNT(*) FROM calls WHERE tm_end IS NULL GROUP BY status",
                              v1::Call::Status_ARRAYSIZE);
}

absl::StatusOr<int64_t> CallTable::Purge(int64_t ended_before_us, int limit) {
  auto streams = connection_.Execute(
      "DELETE FROM streams WHERE stream IN"
      " (SELECT 'call:' || id FROM calls WHERE tm_end IS NOT NULL AND tm_end < ? ORDER BY tm_end LIMIT ?)",
      {ended_before_us, limit});
  if (!streams.ok()) return streams;
  return connection_.Execute(
      "DELETE FROM calls WHERE id IN"
      " (SELECT id FROM calls WHERE tm_end IS NOT NULL AND tm_end < ? ORDER BY tm_end LIMIT ?)",
      {ended_before_us, limit});
}

}  // namespace tutti::control
