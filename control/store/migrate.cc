#include "control/store/migrate.h"

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/store/table.h"

namespace tutti::control {
namespace {

absl::Status Apply(sql::Connection& connection, const Migration& migration) {
  TUTTI_RETURN_IF_ERROR(connection.ExecuteScript(migration.sql));
  TUTTI_RETURN_IF_ERROR(connection.ExecuteScript("DELETE FROM schema_version"));
  return connection.ExecuteScript(
      absl::StrCat("INSERT INTO schema_version (version) VALUES (", migration.version, ")"));
}

}  // namespace

absl::Status Migrate(sql::Connection& connection, absl::Span<const Migration> migrations) {
  TUTTI_RETURN_IF_ERROR(
      connection.ExecuteScript("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"));
  TUTTI_ASSIGN_OR_RETURN(const int64_t current,
                         table::FindNumber(connection, "SELECT MAX(version) FROM schema_version", {}));
  const int64_t newest = migrations.empty() ? 0 : migrations.back().version;
  if (current > newest) {
    return Error(absl::StatusCode::kFailedPrecondition, "SCHEMA_TOO_NEW",
                 absl::StrCat("the data base has schema version ", current, ", this program knows versions up to ",
                              newest, ": start the newer program"));
  }
  for (const Migration& migration : migrations) {
    if (migration.version <= current) continue;
    TUTTI_RETURN_IF_ERROR(connection.ExecuteScript("BEGIN"));
    absl::Status status = Apply(connection, migration);
    if (status.ok()) status = connection.ExecuteScript("COMMIT");
    if (!status.ok()) {
      if (connection.InTransaction()) connection.ExecuteScript("ROLLBACK").IgnoreError();
      return absl::Status(status.code(),
                          absl::StrCat("migration ", std::string(migration.name), ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace tutti::control
