#include "control/store/postgres_store.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/status.h"
#include "control/store/migrate.h"
#include "control/store/migrations/postgres_migrations.h"

namespace tutti::control {
namespace {

constexpr int kAttemptsMax = 20;
constexpr int kPauseMsMax = 32;

// The advisory lock that a replica holds while it changes the schema: any number
// that is always the same.
constexpr int64_t kMigrationLock = 7'488'871'749;

bool IsRowChanged(const absl::Status& status) {
  return absl::IsAborted(status) && GetErrorDetail(status).reason == kRowChanged;
}

// Our rules look before they insert, and then give a reason: a key that the data
// base itself finds taken was taken meanwhile.
bool IsKeyTakenMeanwhile(const absl::Status& status) {
  return absl::IsAlreadyExists(status) && GetErrorDetail(status).reason.empty();
}

}  // namespace

PostgresStore::PostgresStore(const std::string& url, Clock& clock, Options options)
    : QueuedStore(options.queue_max, /*batch_max=*/1),
      clock_(clock),
      options_(std::move(options)),
      connector_(url, options_.monotonic),
      writers_(connector_, std::max(1, options_.writers), "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"),
      readers_(connector_, options_.readers, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") {}

absl::StatusOr<std::unique_ptr<PostgresStore>> PostgresStore::Open(const std::string& url, Clock& clock,
                                                                   Options options) {
  TUTTI_RETURN_IF_ERROR(MigrateTogether(url));
  auto store = std::unique_ptr<PostgresStore>(new PostgresStore(url, clock, std::move(options)));
  if (store->options_.writers > 0) {
    for (int i = 0; i < store->options_.writers; ++i) {
      store->jitter_.emplace_back(store->options_.jitter_seed + static_cast<uint32_t>(i));
    }
    store->wakeup_ = std::make_unique<PostgresWakeup>(store->connector_, store->options_.on_remote_commit);
    store->StartThreads(store->options_.writers);
  }
  return store;
}

PostgresStore::~PostgresStore() { Close(); }

absl::Status PostgresStore::MigrateTogether(const std::string& url) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, sql::PostgresConnection::Open(url));
  // Until the connection ends.
  TUTTI_RETURN_IF_ERROR(connection->Execute("SELECT pg_advisory_lock(?)", {kMigrationLock}).status());
  return Migrate(*connection, kPostgresMigrations);
}

absl::Status PostgresStore::Read(absl::FunctionRef<absl::Status(Transaction&)> read) {
  TUTTI_ASSIGN_OR_RETURN(auto connection, readers_.Begin());
  const absl::Cleanup give_back = [&] { readers_.Give(std::move(connection)); };
  Transaction transaction(*connection, clock_);
  TUTTI_RETURN_IF_ERROR(read(transaction));
  return connection->Commit();
}

void PostgresStore::RunBatch(int worker, std::vector<Job>& batch) {
  for (Job& job : batch) Finish(job, RunStep(worker, job.step));
}

absl::Status PostgresStore::RunStep(int worker, const Step& step) {
  for (int attempt = 0;; ++attempt) {
    bool again = false;
    absl::Status status = TryStep(step, attempt, again);
    if (!again) return status;
    if (attempt + 1 == kAttemptsMax) {
      if (IsKeyTakenMeanwhile(status)) return status;
      return Unavailable(absl::StrCat("the change lost ", kAttemptsMax, " races: ", status.message()));
    }
    Pause(worker, attempt);
  }
}

absl::Status PostgresStore::TryStep(const Step& step, int attempt, bool& again) {
  const absl::Time begin = clock_.Now();
  TUTTI_ASSIGN_OR_RETURN(auto connection, writers_.Begin());
  const absl::Cleanup give_back = [&] { writers_.Give(std::move(connection)); };
  Transaction transaction(*connection, clock_, attempt);
  absl::Status result = step(transaction);
  // Whatever the step made of it: nothing was kept, and a new connection may do.
  if (connection->IsBroken()) {
    again = true;
    return absl::UnavailableError("the connection broke");
  }
  if (!result.ok()) {
    again = IsRowChanged(result) || IsKeyTakenMeanwhile(result);
    return result;
  }
  if (absl::Status committed = connection->Commit(); !committed.ok()) {
    if (connection->IsBroken()) {
      return Unavailable("the connection to the data base broke in a commit: it may have come to pass or not");
    }
    again = IsRowChanged(committed);
    return committed;
  }
  if (options_.on_commit) options_.on_commit({1, clock_.Now() - begin});
  if (wakeup_ != nullptr && transaction.outbox.has_news()) wakeup_->TellOthers();
  return absl::OkStatus();
}

void PostgresStore::Pause(int worker, int attempt) {
  // Without threads nobody else is in the way.
  if (jitter_.empty()) return;
  const int most_ms = std::min(1 << std::min(attempt, 10), kPauseMsMax);
  std::uniform_int_distribution<int> pause_us(0, most_ms * 1'000);
  absl::SleepFor(absl::Microseconds(pause_us(jitter_[worker])));
}

}  // namespace tutti::control
