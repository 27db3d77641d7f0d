#include "control/store/meta_table.h"

#include "control/store/table.h"

namespace tutti::control {

absl::StatusOr<std::optional<std::string>> MetaTable::Find(const std::string& name) {
  std::optional<std::string> found;
  auto rows = connection_.Query("SELECT value FROM meta WHERE name = ?", {name}, [&](const sql::Row& row) {
    found = row.Text(0);
    return absl::OkStatus();
  });
  if (!rows.ok()) return rows.status();
  return found;
}

absl::Status MetaTable::Set(const std::string& name, const std::string& value) {
  return table::ExecuteOne(
      connection_,
      "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      {name, sql::Blob{value}});
}

}  // namespace tutti::control
