#include "control/store/transcribe_table.h"

namespace tutti::control {

void TranscribeKind::AppendConstant(const Record& record, table::Values& values) {
  values.push_back(record.transcribe().customer_id());
  values.push_back(record.transcribe().reference_id());
  values.push_back(table::Microseconds(record.transcribe().tm_create()));
}

void TranscribeKind::AppendChanging(const Record& record, table::Values& values) {
  const v1::Transcribe& transcribe = record.transcribe();
  values.push_back(transcribe.status());
  values.push_back(transcribe.has_tm_end() ? table::Microseconds(transcribe.tm_end()) : sql::Value());
  values.push_back(sql::Value::NullIfZero(record.deadline_at_us()));
  table::AppendJob(record.job(), values);
}

absl::StatusOr<std::vector<store::TranscribeRecord>> TranscribeTable::List(const Filter& filter, const PageStart& start,
                                                                           int limit) {
  std::vector<std::pair<const char*, sql::Value>> conditions;
  if (!filter.conference_id.empty()) conditions.emplace_back("conference_id", filter.conference_id);
  if (filter.status != 0) conditions.emplace_back("status", filter.status);
  return ResourceTable::List(filter.customer_id, conditions, start, limit);
}

absl::StatusOr<std::vector<std::string>> TranscribeTable::FindByNode(const std::string& node_id) {
  return table::FindIds(connection_, "SELECT id FROM transcribes WHERE node_id = ? ORDER BY id", {node_id});
}

absl::StatusOr<std::vector<std::string>> TranscribeTable::FindUnconfirmed(int64_t after_us, int64_t until_us,
                                                                          int limit) {
  return table::FindIds(
      connection_, "SELECT id FROM transcribes WHERE command_at > ? AND command_at <= ? ORDER BY command_at LIMIT ?",
      {after_us, until_us, limit});
}

absl::StatusOr<std::vector<std::string>> TranscribeTable::FindOver(int64_t before_us, int limit) {
  return table::FindIds(connection_,
                        "SELECT id FROM transcribes WHERE tm_end IS NOT NULL AND tm_end < ? ORDER BY tm_end LIMIT ?",
                        {before_us, limit});
}

absl::Status TranscribeTable::Delete(const std::string& id) {
  return connection_.Execute("DELETE FROM transcribes WHERE id = ?", {id}).status();
}

absl::Status TranscriptTable::Insert(const store::TranscriptRecord& record) {
  const std::string body = record.SerializeAsString();
  const v1::Transcript& transcript = record.transcript();
  return table::ExecuteOne(connection_,
                           "INSERT INTO transcripts (transcribe_id, tm_transcript, id, body) VALUES (?, ?, ?, ?)",
                           {transcript.transcribe_id(), transcript.tm_transcript(), transcript.id(), sql::Blob{body}});
}

absl::StatusOr<std::vector<store::TranscriptRecord>> TranscriptTable::List(const std::string& transcribe_id,
                                                                           const Start& start, int limit) {
  return table::FindMany<store::TranscriptRecord>(
      connection_,
      "SELECT body FROM transcripts WHERE transcribe_id = ? AND (tm_transcript, id) > (?, ?)"
      " ORDER BY tm_transcript, id LIMIT ?",
      {transcribe_id, start.tm_transcript, start.id, limit});
}

absl::StatusOr<int64_t> TranscriptTable::Delete(const std::string& transcribe_id, int limit) {
  return connection_.Execute(
      "DELETE FROM transcripts WHERE transcribe_id = ? AND id IN"
      " (SELECT id FROM transcripts WHERE transcribe_id = ? ORDER BY tm_transcript, id LIMIT ?)",
      {transcribe_id, transcribe_id, limit});
}

}  // namespace tutti::control
