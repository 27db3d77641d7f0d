#include "control/store/testing/test_store.h"

#include <stdlib.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <utility>

#include "control/store/postgres_store.h"
#include "control/store/sql/postgres_connection.h"
#include "control/store/sql/sqlite_connection.h"
#include "control/store/sqlite_store.h"
#include "control/store/testing/postgres_server.h"

namespace tutti::control {

TestDatabase::TestDatabase() {
  std::string pattern = (std::filesystem::temp_directory_path() / "storeXXXXXX").string();
  folder_ = mkdtemp(pattern.data());
  if (IsPostgres()) postgres_url_ = PostgresServer::Get().MakeDatabase();
}

TestDatabase::~TestDatabase() {
  std::filesystem::remove_all(folder_);
  if (IsPostgres()) PostgresServer::Get().DropDatabase(postgres_url_);
}

bool TestDatabase::IsPostgres() {
  const char* kind = std::getenv("TUTTI_TEST_STORE");
  return kind != nullptr && std::strcmp(kind, "postgres") == 0;
}

absl::StatusOr<std::unique_ptr<QueuedStore>> TestDatabase::Open(Clock& clock, Options options) {
  if (IsPostgres()) {
    PostgresStore::Options postgres;
    postgres.queue_max = options.queue_max;
    if (!options.own_threads) postgres.writers = 0;
    postgres.on_commit = std::move(options.on_commit);
    postgres.monotonic = [] { return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()); };
    return PostgresStore::Open(postgres_url_, clock, std::move(postgres));
  }
  SqliteStore::Options sqlite;
  sqlite.queue_max = options.queue_max;
  sqlite.own_thread = options.own_threads;
  sqlite.durable = false;
  sqlite.on_commit = std::move(options.on_commit);
  return SqliteStore::Open(folder_ + "/tutti.db", clock, std::move(sqlite));
}

std::unique_ptr<sql::Connection> TestDatabase::Connect() {
  if (IsPostgres()) return sql::PostgresConnection::Open(postgres_url_).value();
  return sql::SqliteConnection::Open(folder_ + "/tutti.db", sql::SqliteConnection::Mode::kReadWrite).value();
}

}  // namespace tutti::control
