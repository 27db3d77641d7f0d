#include "control/store/conference_table.h"

#include "absl/strings/str_cat.h"

namespace tutti::control {
namespace {

using store::ConferenceRecord;

// Only an ended room's row has tm_end: retention counts from there.
int64_t EndedAt(const ConferenceRecord& record) {
  return record.conference().has_tm_delete() ? table::Microseconds(record.conference().tm_delete()) : 0;
}

}  // namespace

absl::StatusOr<std::optional<ConferenceRecord>> ConferenceTable::Find(const std::string& id, Lock lock) {
  static constexpr char kSelect[] = "SELECT body FROM conferences WHERE id = ?";
  if (lock == Lock::kNo || connection_.LockClause().empty()) {
    return table::FindOne<ConferenceRecord>(connection_, kSelect, {id});
  }
  return table::FindOne<ConferenceRecord>(connection_, std::string(kSelect).append(connection_.LockClause()), {id});
}

absl::Status ConferenceTable::Insert(const ConferenceRecord& record) {
  const std::string body = record.SerializeAsString();
  const v1::Conference& conference = record.conference();
  return table::ExecuteOne(
      connection_,
      "INSERT INTO conferences (id, customer_id, type, status, tm_create, tm_end, deadline_at, node_id, revision, body)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {conference.id(), conference.customer_id(), conference.type(), conference.status(),
       table::Microseconds(conference.tm_create()), sql::Value::NullIfZero(EndedAt(record)),
       sql::Value::NullIfZero(record.deadline_at_us()), sql::Value::NullIfEmpty(record.node_id()), record.revision(),
       sql::Blob{body}});
}

absl::Status ConferenceTable::Update(const ConferenceRecord& record, int64_t read_revision) {
  const std::string body = record.SerializeAsString();
  return table::UpdateRow(
      connection_,
      "UPDATE conferences SET status = ?, tm_end = ?, deadline_at = ?, node_id = ?, revision = ?, body = ?"
      " WHERE id = ? AND revision = ?",
      {record.conference().status(), sql::Value::NullIfZero(EndedAt(record)),
       sql::Value::NullIfZero(record.deadline_at_us()), sql::Value::NullIfEmpty(record.node_id()), record.revision(),
       sql::Blob{body}, record.conference().id(), read_revision});
}

absl::StatusOr<std::vector<ConferenceRecord>> ConferenceTable::List(const Filter& filter, const PageStart& start,
                                                                    int limit) {
  std::string sql = "SELECT body FROM conferences WHERE customer_id = ?";
  std::vector<sql::Value> values = {filter.customer_id};
  if (filter.status != 0) {
    sql += " AND status = ?";
    values.push_back(filter.status);
  }
  if (filter.type != 0) {
    sql += " AND type = ?";
    values.push_back(filter.type);
  }
  if (start.tm_create_us != 0) {
    sql += " AND (tm_create, id) < (?, ?)";
    values.push_back(start.tm_create_us);
    values.push_back(start.id);
  }
  sql += " ORDER BY tm_create DESC, id DESC LIMIT ?";
  values.push_back(limit);
  return table::FindMany<ConferenceRecord>(connection_, sql, values);
}

absl::StatusOr<std::vector<std::string>> ConferenceTable::FindDue(int64_t now_us, int limit) {
  return table::FindIds(connection_,
                        "SELECT id FROM conferences WHERE deadline_at IS NOT NULL AND deadline_at <= ?"
                        " ORDER BY deadline_at LIMIT ?",
                        {now_us, limit});
}

absl::StatusOr<int64_t> ConferenceTable::NextDeadline() {
  return table::FindNumber(connection_, "SELECT MIN(deadline_at) FROM conferences WHERE deadline_at IS NOT NULL", {});
}

absl::StatusOr<std::vector<std::string>> ConferenceTable::FindByNode(const std::string& node_id) {
  return table::FindIds(connection_, "SELECT id FROM conferences WHERE node_id = ? ORDER BY id", {node_id});
}

absl::StatusOr<std::vector<int64_t>> ConferenceTable::CountByStatus() {
  return table::CountByStatus(connection_,
                              "SELECT status, COUNT(*) FROM conferences WHERE tm_end IS NULL GROUP BY status",
                              v1::Conference::Status_ARRAYSIZE);
}

absl::StatusOr<int64_t> ConferenceTable::Purge(int64_t ended_before_us, int limit) {
  auto streams = connection_.Execute(
      "DELETE FROM streams WHERE stream IN"
      " (SELECT 'conference:' || id FROM conferences WHERE tm_end IS NOT NULL AND tm_end < ? ORDER BY tm_end LIMIT ?)",
      {ended_before_us, limit});
  if (!streams.ok()) return streams;
  return connection_.Execute(
      "DELETE FROM conferences WHERE id IN"
      " (SELECT id FROM conferences WHERE tm_end IS NOT NULL AND tm_end < ? ORDER BY tm_end LIMIT ?)",
      {ended_before_us, limit});
}

}  // namespace tutti::control
