#include "control/server/open_store.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/status/status.h"
#include "control/store/postgres_store.h"
#include "control/store/sqlite_store.h"

namespace tutti::control {
namespace {

constexpr absl::Duration kRetryPause = absl::Milliseconds(200);

absl::Status MakeDataDir(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error && std::filesystem::is_directory(path, error)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("can't make the data folder ", path, ": ", error.message()));
}

std::string SqlitePath(const std::string& data_dir) { return absl::StrCat(data_dir, "/tutti.db"); }

// Without saying twice where it is.
absl::Status OpenError(const absl::Status& status, const std::string& where) {
  const std::string why(status.message());
  if (why.find(where) != std::string::npos) return status;
  return absl::Status(status.code(), absl::StrCat("can't open the data base ", where, ": ", why));
}

absl::StatusOr<std::unique_ptr<QueuedStore>> OpenSqlite(const StoreSettings& settings, Clock& clock) {
  SqliteStore::Options options;
  options.on_commit = settings.on_commit;
  const std::string path = SqlitePath(settings.data_dir);
  auto opened = SqliteStore::Open(path, clock, std::move(options));
  if (!opened.ok()) return OpenError(opened.status(), path);
  return opened;
}

absl::StatusOr<std::unique_ptr<QueuedStore>> OpenPostgres(const StoreSettings& settings, Clock& clock) {
  const std::string where = DescribeStore(settings.data_dir, settings.postgres_url);
  const absl::Duration give_up = settings.monotonic() + settings.start_wait_max;
  for (bool is_first = true;; is_first = false) {
    PostgresStore::Options options;
    options.monotonic = settings.monotonic;
    options.jitter_seed = settings.jitter_seed;
    options.on_commit = settings.on_commit;
    options.on_remote_commit = settings.on_remote_commit;
    auto opened = PostgresStore::Open(settings.postgres_url, clock, std::move(options));
    if (opened.ok()) return opened;
    if (!absl::IsUnavailable(opened.status()) || settings.monotonic() >= give_up) {
      return OpenError(opened.status(), where);
    }
    if (is_first) log::Info("waiting for the data base", {{"store", where}});
    absl::SleepFor(kRetryPause);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<QueuedStore>> OpenStore(const StoreSettings& settings, Clock& clock) {
  if (!settings.postgres_url.empty()) return OpenPostgres(settings, clock);
  TUTTI_RETURN_IF_ERROR(MakeDataDir(settings.data_dir));
  return OpenSqlite(settings, clock);
}

std::string DescribeStore(const std::string& data_dir, const std::string& postgres_url) {
  if (postgres_url.empty()) return SqlitePath(data_dir);
  return absl::StrCat("PostgreSQL: ", sql::PostgresConnection::Describe(postgres_url));
}

}  // namespace tutti::control
