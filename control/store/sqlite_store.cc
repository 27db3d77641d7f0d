#include "control/store/sqlite_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/store/migrate.h"
#include "control/store/migrations/sqlite_migrations.h"

namespace tutti::control {
namespace {

// What goes wrong with the data base itself is UNAVAILABLE or worse to everyone
// who waits, with the cause.
absl::Status CommitError(const absl::Status& status) {
  return Error(
      status.code() == absl::StatusCode::kDataLoss ? absl::StatusCode::kDataLoss : absl::StatusCode::kUnavailable,
      "STORE_UNAVAILABLE", absl::StrCat("the store could not commit: ", status.message()));
}

}  // namespace

class SqliteStore::FileLock {
 public:
  static absl::StatusOr<std::unique_ptr<FileLock>> Take(const std::string& path) {
    const std::string lock_path = path + ".lock";
    const int fd = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
      return Error(absl::StatusCode::kPermissionDenied, "STORE_UNUSABLE",
                   absl::StrCat("can't open ", lock_path, ": ", std::strerror(errno)));
    }
    auto lock = std::unique_ptr<FileLock>(new FileLock(fd));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      return Error(absl::StatusCode::kFailedPrecondition, "STORE_IN_USE",
                   absl::StrCat("the data base ", path, " is in use by another process: a SQLite store serves one"));
    }
    return lock;
  }

  ~FileLock() { close(fd_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  const int fd_;
};

SqliteStore::SqliteStore(Clock& clock, Options options)
    : QueuedStore(options.queue_max, options.batch_max), clock_(clock), options_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& path, Clock& clock, Options options) {
  auto store = std::unique_ptr<SqliteStore>(new SqliteStore(clock, std::move(options)));
  TUTTI_ASSIGN_OR_RETURN(store->lock_, FileLock::Take(path));
  using sql::SqliteConnection;
  TUTTI_ASSIGN_OR_RETURN(store->writer_, SqliteConnection::Open(path, SqliteConnection::Mode::kReadWrite));
  if (!store->options_.durable) {
    TUTTI_RETURN_IF_ERROR(store->writer_->ExecuteScript("PRAGMA synchronous = OFF"));
  }
  TUTTI_RETURN_IF_ERROR(Migrate(*store->writer_, kSqliteMigrations));
  {
    absl::MutexLock lock(&store->readers_mutex_);
    for (size_t i = 0; i < store->options_.readers; ++i) {
      TUTTI_ASSIGN_OR_RETURN(auto reader, SqliteConnection::Open(path, SqliteConnection::Mode::kReadOnly));
      store->idle_readers_.push_back(std::move(reader));
    }
  }
  if (store->options_.own_thread) store->StartThreads(1);
  return store;
}

SqliteStore::~SqliteStore() { Close(); }

absl::Status SqliteStore::Read(absl::FunctionRef<absl::Status(Transaction&)> read) {
  std::unique_ptr<sql::SqliteConnection> connection;
  {
    absl::MutexLock lock(&readers_mutex_);
    readers_mutex_.Await(absl::Condition(
        +[](std::vector<std::unique_ptr<sql::SqliteConnection>>* idle) { return !idle->empty(); }, &idle_readers_));
    connection = std::move(idle_readers_.back());
    idle_readers_.pop_back();
  }
  absl::Cleanup give_back = [&] {
    absl::MutexLock lock(&readers_mutex_);
    idle_readers_.push_back(std::move(connection));
  };
  TUTTI_RETURN_IF_ERROR(connection->Execute("BEGIN").status());
  Transaction transaction(*connection, clock_);
  absl::Status status = read(transaction);
  absl::Status end = connection->Execute("COMMIT").status();
  return status.ok() ? end : status;
}

void SqliteStore::RunBatch(int, std::vector<Job>& batch) {
  const absl::Time begin = clock_.Now();
  std::vector<absl::Status> results(batch.size());
  absl::Status status = RunSteps(batch, Undo::kAll, results);
  if (absl::IsAborted(status)) status = RunSteps(batch, Undo::kStep, results);
  if (!status.ok()) {
    results.assign(batch.size(), CommitError(status));
  } else if (options_.on_commit) {
    options_.on_commit({batch.size(), clock_.Now() - begin});
  }
  for (size_t i = 0; i < batch.size(); ++i) Finish(batch[i], std::move(results[i]));
}

absl::Status SqliteStore::RunSteps(std::vector<Job>& batch, Undo undo, std::vector<absl::Status>& results) {
  const absl::Cleanup roll_back = [this] {
    if (writer_->InTransaction()) writer_->Execute("ROLLBACK").IgnoreError();
  };
  TUTTI_RETURN_IF_ERROR(writer_->Execute("BEGIN IMMEDIATE").status());
  for (size_t i = 0; i < batch.size(); ++i) TUTTI_RETURN_IF_ERROR(RunStep(batch[i], undo, results[i]));
  return writer_->Execute("COMMIT").status();
}

absl::Status SqliteStore::RunStep(const Job& job, Undo undo, absl::Status& result) {
  if (undo == Undo::kStep) TUTTI_RETURN_IF_ERROR(writer_->Execute("SAVEPOINT step").status());
  const int64_t written_before = writer_->RowsWritten();
  Transaction transaction(*writer_, clock_);
  result = job.step(transaction);
  // A full disk ends the whole transaction, whatever the step made of it.
  if (!writer_->InTransaction()) {
    return result.ok() ? absl::UnavailableError("the transaction was ended by the data base") : result;
  }
  if (undo == Undo::kAll) {
    const bool has_written = writer_->RowsWritten() != written_before;
    return result.ok() || !has_written ? absl::OkStatus() : absl::AbortedError("a step that failed has written");
  }
  if (!result.ok()) TUTTI_RETURN_IF_ERROR(writer_->Execute("ROLLBACK TO step").status());
  return writer_->Execute("RELEASE step").status();
}

}  // namespace tutti::control
