#include "control/store/sound_table.h"

#include "common/status/status.h"

namespace tutti::control {

void SoundKind::AppendConstant(const Record& record, table::Values& values) {
  values.push_back(record.sound().customer_id());
  values.push_back(table::Microseconds(record.sound().tm_create()));
}

void SoundKind::AppendChanging(const Record& record, table::Values& values) { values.push_back(record.sound().size()); }

absl::Status SoundTable::Insert(const Record& record, std::string_view file) {
  TUTTI_RETURN_IF_ERROR(ResourceTable::Insert(record));
  return table::ExecuteOne(connection_, "INSERT INTO sound_files (id, bytes) VALUES (?, ?)",
                           {record.sound().id(), sql::Blob{file}});
}

absl::StatusOr<std::vector<SoundTable::Record>> SoundTable::List(const std::string& customer_id, const PageStart& start,
                                                                 int limit) {
  return ResourceTable::List(customer_id, {}, start, limit);
}

absl::StatusOr<int64_t> SoundTable::Count(const std::string& customer_id) {
  return table::FindNumber(connection_, "SELECT COUNT(*) FROM sounds WHERE customer_id = ?", {customer_id});
}

absl::StatusOr<std::optional<std::string>> SoundTable::FindFile(const std::string& id) {
  std::optional<std::string> found;
  const auto rows =
      connection_.Query("SELECT bytes FROM sound_files WHERE id = ?", {id}, [&found](const sql::Row& row) {
        found = row.Text(0);
        return absl::OkStatus();
      });
  if (!rows.ok()) return rows.status();
  return found;
}

absl::Status SoundTable::Delete(const std::string& id) {
  TUTTI_RETURN_IF_ERROR(connection_.Execute("DELETE FROM sound_files WHERE id = ?", {id}).status());
  return connection_.Execute("DELETE FROM sounds WHERE id = ?", {id}).status();
}

}  // namespace tutti::control
