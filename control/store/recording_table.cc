#include "control/store/recording_table.h"

#include "common/status/status.h"

namespace tutti::control {

void RecordingKind::AppendConstant(const Record& record, table::Values& values) {
  values.push_back(record.recording().customer_id());
  values.push_back(record.recording().reference_id());
  values.push_back(table::Microseconds(record.recording().tm_create()));
}

void RecordingKind::AppendChanging(const Record& record, table::Values& values) {
  values.push_back(record.recording().status());
  values.push_back(sql::Value::NullIfZero(record.over_at_us()));
  values.push_back(sql::Value::NullIfZero(record.deadline_at_us()));
  table::AppendJob(record.job(), values);
  values.push_back(record.is_deleted() ? 1 : 0);
}

absl::StatusOr<std::vector<store::RecordingRecord>> RecordingTable::List(const Filter& filter, const PageStart& start,
                                                                         int limit) {
  std::vector<std::pair<const char*, sql::Value>> conditions = {{"is_deleted", 0}};
  if (!filter.conference_id.empty()) conditions.emplace_back("conference_id", filter.conference_id);
  if (filter.status != 0) conditions.emplace_back("status", filter.status);
  return ResourceTable::List(filter.customer_id, conditions, start, limit);
}

absl::StatusOr<std::vector<std::string>> RecordingTable::FindByNode(const std::string& node_id) {
  return table::FindIds(connection_, "SELECT id FROM recordings WHERE node_id = ? ORDER BY id", {node_id});
}

absl::StatusOr<std::vector<std::string>> RecordingTable::FindUnconfirmed(int64_t after_us, int64_t until_us,
                                                                         int limit) {
  return table::FindIds(
      connection_, "SELECT id FROM recordings WHERE command_at > ? AND command_at <= ? ORDER BY command_at LIMIT ?",
      {after_us, until_us, limit});
}

absl::StatusOr<std::vector<std::string>> RecordingTable::FindOver(int64_t before_us, int limit) {
  return table::FindIds(
      connection_,
      "SELECT id FROM recordings WHERE tm_end IS NOT NULL AND tm_end < ? AND is_deleted = 0 ORDER BY tm_end LIMIT ?",
      {before_us, limit});
}

absl::Status RecordingTable::AddFiles(const std::string& recording_id, const std::vector<std::string>& file_ids) {
  for (const std::string& id : file_ids) {
    TUTTI_RETURN_IF_ERROR(
        connection_
            .Execute("INSERT INTO recording_files (id, recording_id) VALUES (?, ?) ON CONFLICT (id) DO NOTHING",
                     {id, recording_id})
            .status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> RecordingTable::FindByFile(const std::string& file_id) {
  TUTTI_ASSIGN_OR_RETURN(
      const auto ids, table::FindIds(connection_, "SELECT recording_id FROM recording_files WHERE id = ?", {file_id}));
  return ids.empty() ? std::string() : ids.front();
}

absl::Status RecordingTable::Delete(const std::string& id) {
  TUTTI_RETURN_IF_ERROR(connection_.Execute("DELETE FROM recording_files WHERE recording_id = ?", {id}).status());
  return connection_.Execute("DELETE FROM recordings WHERE id = ?", {id}).status();
}

absl::StatusOr<int64_t> RecordingTable::PurgeDeleted(int64_t before_us, int limit) {
  TUTTI_ASSIGN_OR_RETURN(const auto ids, table::FindIds(connection_,
                                                        "SELECT id FROM recordings WHERE tm_end IS NOT NULL AND tm_end "
                                                        "< ? AND is_deleted = 1 ORDER BY tm_end LIMIT ?",
                                                        {before_us, limit}));
  for (const std::string& id : ids) TUTTI_RETURN_IF_ERROR(Delete(id));
  return static_cast<int64_t>(ids.size());
}

}  // namespace tutti::control
