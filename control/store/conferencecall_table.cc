#include "control/store/conferencecall_table.h"

namespace tutti::control {
void ConferencecallKind::AppendConstant(const Record& record, table::Values& values) {
  const v1::Conferencecall& conferencecall = record.conferencecall();
  values.push_back(conferencecall.customer_id());
  values.push_back(conferencecall.conference_id());
  values.push_back(conferencecall.reference_id());
  values.push_back(table::Microseconds(conferencecall.tm_create()));
  // SetHealthFailures changes it, which no record knows of.
  values.push_back(0);
}

void ConferencecallKind::AppendChanging(const Record& record, table::Values& values) {
  const v1::Conferencecall& conferencecall = record.conferencecall();
  values.push_back(conferencecall.status());
  values.push_back(conferencecall.has_tm_leaved() ? table::Microseconds(conferencecall.tm_leaved()) : sql::Value());
  values.push_back(sql::Value::NullIfZero(record.deadline_at_us()));
}

absl::StatusOr<std::vector<store::ConferencecallRecord>> ConferencecallTable::List(const Filter& filter,
                                                                                   const PageStart& start, int limit) {
  std::vector<std::pair<const char*, sql::Value>> conditions;
  if (!filter.conference_id.empty()) conditions.emplace_back("conference_id", filter.conference_id);
  if (filter.status != 0) conditions.emplace_back("status", filter.status);
  return ResourceTable::List(filter.customer_id, conditions, start, limit);
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

absl::StatusOr<std::vector<store::ConferencecallRecord>> ConferencecallTable::FindByCall(
    const std::string& call_id, const std::string& conference_id, int limit) {
  return table::FindMany<store::ConferencecallRecord>(
      connection_,
      "SELECT body FROM conferencecalls WHERE call_id = ? AND conference_id = ? ORDER BY tm_create, id LIMIT ?",
      {call_id, conference_id, limit});
}

absl::StatusOr<std::vector<std::string>> ConferencecallTable::FindCallsDueOf(int status, int64_t deadline_max_us,
                                                                             int limit) {
  return table::FindIds(connection_,
                        "SELECT call_id FROM conferencecalls WHERE tm_end IS NULL AND status = ? AND deadline_at <= ?"
                        " ORDER BY deadline_at LIMIT ?",
                        {status, deadline_max_us, limit});
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

}  // namespace tutti::control
