#include "control/store/resource_table.h"

#include "absl/strings/str_cat.h"

namespace tutti::control::table {

ResourceSql::ResourceSql(const std::string& table, absl::Span<const char* const> constant,
                         absl::Span<const char* const> changing, const std::string& stream) {
  std::string columns = "id";
  std::string places = "?";
  std::string changes;
  for (const char* column : constant) absl::StrAppend(&columns, ", ", column);
  for (const char* column : changing) {
    absl::StrAppend(&columns, ", ", column);
    absl::StrAppend(&changes, column, " = ?, ");
  }
  for (size_t i = 0; i < constant.size() + changing.size(); ++i) places += ", ?";
  const std::string ended =
      absl::StrCat(" FROM ", table, " WHERE tm_end IS NOT NULL AND tm_end < ? ORDER BY tm_end LIMIT ?");

  find = absl::StrCat("SELECT body FROM ", table, " WHERE id = ?");
  insert = absl::StrCat("INSERT INTO ", table, " (", columns, ", revision, body) VALUES (", places, ", ?, ?)");
  update = absl::StrCat("UPDATE ", table, " SET ", changes, "revision = ?, body = ? WHERE id = ? AND revision = ?");
  list = absl::StrCat("SELECT body FROM ", table, " WHERE customer_id = ?");
  due = absl::StrCat("SELECT id FROM ", table,
                     " WHERE deadline_at IS NOT NULL AND deadline_at <= ? ORDER BY deadline_at LIMIT ?");
  next_deadline = absl::StrCat("SELECT MIN(deadline_at) FROM ", table, " WHERE deadline_at IS NOT NULL");
  count = absl::StrCat("SELECT status, COUNT(*) FROM ", table, " WHERE tm_end IS NULL GROUP BY status");
  purge = absl::StrCat("DELETE FROM ", table, " WHERE id IN (SELECT id", ended, ")");
  if (!stream.empty()) {
    purge_streams = absl::StrCat("DELETE FROM streams WHERE stream IN (SELECT '", stream, "' || id", ended, ")");
  }
}

void AppendPage(const PageStart& start, int limit, std::string& sql, Values& values) {
  if (start.tm_create_us != 0) {
    sql += " AND (tm_create, id) < (?, ?)";
    values.push_back(start.tm_create_us);
    values.push_back(start.id);
  }
  sql += " ORDER BY tm_create DESC, id DESC LIMIT ?";
  values.push_back(limit);
}

void AppendJob(const store::NodeJob& job, Values& values) {
  // A node of which nothing is wanted is not asked.
  values.push_back(job.wanted() == store::NodeJob::WANTED_NOTHING ? sql::Value()
                                                                  : sql::Value::NullIfEmpty(job.node_id()));
  values.push_back(sql::Value::NullIfZero(job.command_at_us()));
}

}  // namespace tutti::control::table
