#include "control/store/postgres_pool.h"

#include <algorithm>
#include <utility>

#include "common/log/log.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

constexpr absl::Duration kPauseMin = absl::Milliseconds(50);
constexpr absl::Duration kPauseMax = absl::Seconds(1);

// A statement of ours takes milliseconds. What takes longer is a replica that was
// stopped in the middle, and others wait for its locks.
constexpr char kSessionSettings[] =
    "SET statement_timeout = '30s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '10s';";

absl::Status Unreachable() {
  return Error(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE", "the data base can't be reached");
}

}  // namespace

absl::StatusOr<std::unique_ptr<sql::PostgresConnection>> PostgresConnector::Connect() {
  if (!MayTry()) return Unreachable();
  auto opened = sql::PostgresConnection::Open(url_);
  absl::Status status = opened.status();
  if (status.ok()) status = (*opened)->ExecuteScript(kSessionSettings);
  Note(status);
  // The server's words may name hosts: they are for the log.
  if (!status.ok()) return Unreachable();
  return opened;
}

bool PostgresConnector::MayTry() {
  absl::MutexLock lock(&mutex_);
  if (pause_ == absl::ZeroDuration()) return true;
  if (trying_ || clock_() < next_attempt_) return false;
  trying_ = true;
  return true;
}

void PostgresConnector::Note(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  trying_ = false;
  const bool was_well = pause_ == absl::ZeroDuration();
  if (status.ok()) {
    pause_ = absl::ZeroDuration();
    if (!was_well) log::Info("the data base is back");
    return;
  }
  if (was_well) log::Warning("the data base can't be reached", {{"error", std::string(status.message())}});
  pause_ = std::clamp(2 * pause_, kPauseMin, kPauseMax);
  next_attempt_ = clock_() + pause_;
}

absl::StatusOr<std::unique_ptr<sql::PostgresConnection>> PostgresPool::Begin() {
  std::unique_ptr<sql::PostgresConnection> connection = TakeIdle();
  if (connection == nullptr) return BeginNew();
  const absl::Status begun = connection->Execute(begin_).status();
  if (begun.ok()) return connection;
  // One that broke while it lay idle says nothing about the server now.
  if (connection->IsBroken()) return BeginNew();
  Give(std::move(connection));
  return begun;
}

absl::StatusOr<std::unique_ptr<sql::PostgresConnection>> PostgresPool::BeginNew() {
  auto connection = connector_.Connect();
  if (!connection.ok()) {
    Give(nullptr);
    return connection;
  }
  if (absl::Status begun = (*connection)->Execute(begin_).status(); !begun.ok()) {
    Give(*std::move(connection));
    return begun;
  }
  return connection;
}

std::unique_ptr<sql::PostgresConnection> PostgresPool::TakeIdle() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](int* free) { return *free > 0; }, &free_));
  --free_;
  if (idle_.empty()) return nullptr;
  std::unique_ptr<sql::PostgresConnection> connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void PostgresPool::Give(std::unique_ptr<sql::PostgresConnection> connection) {
  if (connection != nullptr && connection->InTransaction()) connection->Execute("ROLLBACK").IgnoreError();
  if (connection != nullptr && (connection->IsBroken() || connection->InTransaction())) connection = nullptr;
  absl::MutexLock lock(&mutex_);
  ++free_;
  if (connection != nullptr) idle_.push_back(std::move(connection));
}

}  // namespace tutti::control
