#include "control/store/conferencecall_table.h"

namespace tutti::control {
namespace {

using store::ConferencecallRecord;

int64_t EndedAt(const ConferencecallRecord& record) {
  return record.conferencecall().has_tm_leaved() ? table::Microseconds(record.conferencecall().tm_leaved()) : 0;
}

}  // namespace

absl::StatusOr<std::optional<ConferencecallRecord>> ConferencecallTable::Find(const std::string& id, Lock lock) {
  static constexpr char kSelect[] = "SELECT body FROM conferencecalls WHERE id = ?";
  if (lock == Lock::kNo || connection_.LockClause().empty()) {
    return table::FindOne<ConferencecallRecord>(connection_, kSelect, {id});
  }
  return table::FindOne<ConferencecallRecord>(connection_, std::string(kSelect).append(connection_.LockClause()), {id});
}

absl::Status ConferencecallTable::Insert(const ConferencecallRecord& record) {
  const std::string body = record.SerializeAsString();
  const v1::Conferencecall& conferencecall = record.conferencecall();
  return table::ExecuteOne(
      connection_,
      "INSERT INTO conferencecalls (id, customer_id, conference_id, call_id, status, tm_create, tm_end, deadline_at,"
      " health_failures, revision, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
      {conferencecall.id(), conferencecall.customer_id(), conferencecall.conference_id(), conferencecall.reference_id(),
       conferencecall.status(), table::Microseconds(conferencecall.tm_create()),
       sql::Value::NullIfZero(EndedAt(record)), sql::Value::NullIfZero(record.deadline_at_us()), record.revision(),
       sql::Blob{body}});
}

absl::Status ConferencecallTable::Update(const ConferencecallRecord& record, int64_t read_revision) {
  const std::string body = record.SerializeAsString();
  return table::UpdateRow(connection_,
                          "UPDATE conferencecalls SET status = ?, tm_end = ?, deadline_at = ?, revision = ?, body = ? "
                          "WHERE id = ? AND revision = ?",
                          {record.conferencecall().status(), sql::Value::NullIfZero(EndedAt(record)),
                           sql::Value::NullIfZero(record.deadline_at_us()), record.revision(), sql::Blob{body},
                           record.conferencecall().id(), read_revision});
}

absl::StatusOr<std::vector<ConferencecallRecord>> ConferencecallTable::List(const Filter& filter,
                                                                            const PageStart& start, int limit) {
  std::string sql = "SELECT body FROM conferencecalls WHERE customer_id = ?";
  std::vector<sql::Value> values = {filter.customer_id};
  if (!filter.conference_id.empty()) {
    sql += " AND conference_id = ?";
    values.push_back(filter.conference_id);
  }
  if (filter.status != 0) {
    sql += " AND status = ?";
    values.push_back(filter.status);
  }
  if (start.tm_create_us != 0) {
    sql += " AND (tm_create, id) < (?, ?)";
    values.push_back(start.tm_create_us);
    values.push_back(start.id);
  }
  sql += " ORDER BY tm_create DESC, id DESC LIMIT ?";
  values.push_back(limit);
  return table::FindMany<ConferencecallRecord>(connection_, sql, values);
}

absl::StatusOr<std::vector<std::string>> ConferencecallTable::FindPresent(const std::string& conference_id) {
  return table::FindIds(
      connection_, "SELECT id FROM conferencecalls WHERE conference_id = ? AND tm_end IS NULL ORDER BY tm_create, id",
      {conference_id});
}

absl::StatusOr<std::vector<std::string>> ConferencecallTable::FindJoined(const std::string& conference_id, int limit) {
  return table::FindIds(connection_,
                        "SELECT id FROM conferencecalls WHERE conference_id = ? AND tm_end IS NULL AND status = ?"
                        " ORDER BY tm_create, id LIMIT ?",
                        {conference_id, v1::Conferencecall::STATUS_JOINED, limit});
}

absl::StatusOr<std::vector<std::string>> ConferencecallTable::FindDue(int64_t now_us, int limit) {
  return table::FindIds(connection_,
                        "SELECT id FROM conferencecalls WHERE deadline_at IS NOT NULL AND deadline_at <= ?"
                        " ORDER BY deadline_at LIMIT ?",
                        {now_us, limit});
}

absl::StatusOr<std::vector<std::string>> ConferencecallTable::FindCallsDueOf(int status, int64_t deadline_max_us,
                                                                             int limit) {
  return table::FindIds(connection_,
                        "SELECT call_id FROM conferencecalls WHERE tm_end IS NULL AND status = ? AND deadline_at <= ?"
                        " ORDER BY deadline_at LIMIT ?",
                        {status, deadline_max_us, limit});
}

absl::StatusOr<int64_t> ConferencecallTable::NextDeadline() {
  return table::FindNumber(connection_, "SELECT MIN(deadline_at) FROM conferencecalls WHERE deadline_at IS NOT NULL",
                           {});
}

absl::StatusOr<std::vector<ConferencecallTable::Health>> ConferencecallTable::CheckHealth(int64_t created_before_us,
                                                                                          int limit) {
  std::vector<Health> result;
  auto rows = connection_.Query(
      "SELECT id, failed, health_failures FROM ("
      "SELECT p.id AS id, p.health_failures AS health_failures,"
      " CASE WHEN c.id IS NULL OR c.status <> ? OR f.id IS NULL OR f.status <> ? OR p.tm_create < ? THEN 1 ELSE 0 END"
      " AS failed FROM conferencecalls p LEFT JOIN calls c ON c.id = p.call_id"
      " LEFT JOIN conferences f ON f.id = p.conference_id WHERE p.tm_end IS NULL AND p.status IN (?, ?)) AS checked"
      " WHERE failed = 1 OR health_failures > 0 ORDER BY id LIMIT ?",
      {v1::Call::STATUS_PROGRESSING, v1::Conference::STATUS_PROGRESSING, created_before_us,
       v1::Conferencecall::STATUS_JOINING, v1::Conferencecall::STATUS_JOINED, limit},
      [&](const sql::Row& row) {
        result.push_back({row.Text(0), row.Int64(1) != 0, static_cast<int>(row.Int64(2))});
        return absl::OkStatus();
      });
  if (!rows.ok()) return rows.status();
  return result;
}

absl::Status ConferencecallTable::SetHealthFailures(const std::string& id, int failures) {
  return connection_.Execute("UPDATE conferencecalls SET health_failures = ? WHERE id = ?", {failures, id}).status();
}

absl::StatusOr<std::vector<int64_t>> ConferencecallTable::CountByStatus() {
  return table::CountByStatus(connection_,
                              "SELECT status, COUNT(*) FROM conferencecalls WHERE tm_end IS NULL GROUP BY status",
                              v1::Conferencecall::Status_ARRAYSIZE);
}

absl::StatusOr<int64_t> ConferencecallTable::Purge(int64_t ended_before_us, int limit) {
  return connection_.Execute(
      "DELETE FROM conferencecalls WHERE id IN"
      " (SELECT id FROM conferencecalls WHERE tm_end IS NOT NULL AND tm_end < ? ORDER BY tm_end LIMIT ?)",
      {ended_before_us, limit});
}

}  // namespace tutti::control
