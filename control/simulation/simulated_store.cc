#include "control/simulation/simulated_store.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/store/migrate.h"
#include "control/store/migrations/sqlite_migrations.h"

namespace tutti::control::simulation {
namespace {

constexpr absl::Duration kDelayMax = absl::Milliseconds(8);
constexpr absl::Duration kSlowDelayMax = absl::Milliseconds(400);
constexpr int kSlowPermille = 15;

constexpr char kEngineTable[] = "webhook_engine";

constexpr int kAttemptsMax = 20;
// Steps that run into one another at most.
constexpr size_t kFramesMax = 3;

// Comments to SQLite, locks to us.
constexpr std::string_view kLockClause = " /* FOR UPDATE */";
constexpr std::string_view kShareClause = " /* FOR SHARE */";
constexpr std::string_view kNowQuery = "SELECT 0 /* NOW */";

absl::Status Unavailable(const char* why) { return Error(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE", why); }

bool IsRowChanged(const absl::Status& status) {
  return absl::IsAborted(status) && GetErrorDetail(status).reason == control::kRowChanged;
}

bool StartsWith(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }
bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// The table of the resources that a statement is about; empty: of none.
std::string TableOf(std::string_view sql) {
  // The longer name first: it begins with the shorter one.
  for (const char* table :
       {"conferencecalls", "conferences", "calls", "recordings", "transcribes", "media_nodes", kEngineTable}) {
    if (Contains(sql, absl::StrCat(" ", table, " "))) return table;
  }
  return "";
}

// The rows that a statement names, by its values; more than it is about do no harm.
std::vector<RowName> RowsOf(std::string_view sql, absl::Span<const sql::Value> values) {
  std::vector<RowName> rows;
  const std::string table = TableOf(sql);
  // It has one row.
  if (table == kEngineTable) return {{table, ""}};
  for (const sql::Value& value : values) {
    if (!table.empty() && value.kind == sql::Value::Kind::kText) rows.emplace_back(table, std::string(value.bytes));
  }
  return rows;
}

class NumberRow final : public sql::Row {
 public:
  explicit NumberRow(int64_t number) : number_(number) {}
  bool IsNull(int) const override { return false; }
  int64_t Int64(int) const override { return number_; }
  std::string_view Bytes(int) const override { return {}; }

 private:
  const int64_t number_;
};

}  // namespace

// What a step sees of the data base.
class SimulatedDatabase::Connection final : public sql::Connection {
 public:
  Connection(SimulatedDatabase& database, Frame& frame) : database_(database), frame_(frame) {}

  absl::StatusOr<int64_t> Query(std::string_view sql, absl::Span<const sql::Value> values, sql::RowFn row) override {
    if (frame_.is_blocked) return Unavailable("waits for a lock");
    if (!frame_.has_begun) database_.Interleave();
    if (sql == kNowQuery) {
      TUTTI_RETURN_IF_ERROR(row(NumberRow(absl::ToUnixMicros(database_.world_.Now()))));
      return 0;
    }
    const bool writes = !StartsWith(sql, "SELECT");
    const bool shares = Contains(sql, kShareClause);
    const bool locks = writes || shares || Contains(sql, kLockClause);
    std::vector<RowName> names;
    if (locks) names = RowsOf(sql, values);
    for (const RowName& name : names) {
      if (!database_.IsLockedBeneath(name, shares)) continue;
      frame_.is_blocked = true;
      return Unavailable("waits for a lock");
    }
    if (writes && !frame_.has_begun) {
      frame_.has_begun = true;
      TUTTI_RETURN_IF_ERROR(database_.connection_->Execute("BEGIN").status());
    }
    bool is_there = writes;
    auto result = database_.connection_->Query(sql, values, [&](const sql::Row& found) {
      is_there = true;
      return row(found);
    });
    // A row that is not there can't be locked.
    if (result.ok() && is_there) (shares ? frame_.shared_locks : frame_.locks).insert(names.begin(), names.end());
    if (writes) frame_.rows.insert(names.begin(), names.end());
    return result;
  }
  absl::Status ExecuteScript(std::string_view) override { return absl::UnimplementedError("a step runs no script"); }
  bool InTransaction() const override { return true; }
  std::string_view LockClause() const override { return kLockClause; }
  std::string_view ShareClause() const override { return kShareClause; }
  std::string_view NowQuery() const override { return kNowQuery; }

 private:
  SimulatedDatabase& database_;
  Frame& frame_;
};

SimulatedDatabase::SimulatedDatabase(World& world, std::function<void(const Commit&)> on_commit)
    : world_(world), on_commit_(std::move(on_commit)), clock_(world, absl::ZeroDuration()) {}

SimulatedDatabase::~SimulatedDatabase() = default;

absl::Status SimulatedDatabase::Open() {
  TUTTI_ASSIGN_OR_RETURN(connection_, sql::SqliteConnection::Open(":memory:", sql::SqliteConnection::Mode::kReadWrite));
  TUTTI_RETURN_IF_ERROR(control::Migrate(*connection_, control::kSqliteMigrations));
  // The only thing in it that is random.
  return connection_->ExecuteScript("UPDATE meta SET value = zeroblob(32) WHERE name = 'token_secret'");
}

std::unique_ptr<SimulatedDatabase::Session> SimulatedDatabase::Connect(const std::string& replica, Clock& clock) {
  return std::make_unique<Session>(*this, std::make_shared<Replica>(Replica{replica, &clock}));
}

absl::Status SimulatedDatabase::Inspect(absl::FunctionRef<absl::Status(control::Transaction&)> read) {
  control::Transaction transaction(*connection_, clock_);
  return read(transaction);
}

void SimulatedDatabase::Queue(Job job) {
  const int64_t id = ++submitted_;
  queue_.emplace(id, std::move(job));
  const bool slow = world_.random.Chance(kSlowPermille);
  world_.After(world_.random.Between(absl::ZeroDuration(), slow ? kSlowDelayMax : kDelayMax),
               [this, id] { RunQueued(id); });
}

void SimulatedDatabase::RunQueued(int64_t id) {
  const auto found = queue_.find(id);
  if (found == queue_.end()) return;
  Job job = std::move(found->second);
  queue_.erase(found);
  if (job.replica->is_alive) Run(std::move(job));
}

void SimulatedDatabase::Interleave() {
  if (queue_.empty() || frames_.size() >= kFramesMax || !world_.random.Chance(faults.interleave)) return;
  RunQueued(std::next(queue_.begin(), world_.random.Below(static_cast<int>(queue_.size())))->first);
}

bool SimulatedDatabase::IsLockedBeneath(const RowName& row, bool for_sharing) const {
  return std::any_of(frames_.begin(), frames_.end() - 1, [&](const Frame* frame) {
    return frame->locks.contains(row) || (!for_sharing && frame->shared_locks.contains(row));
  });
}

void SimulatedDatabase::Run(Job job) {
  if (faults.outage || world_.random.Chance(faults.busy)) {
    return Finish(std::move(job), Unavailable("the store is busy"));
  }
  Frame frame;
  frames_.push_back(&frame);
  absl::Status status;
  {
    Connection connection(*this, frame);
    control::Transaction transaction(connection, *job.replica->clock, job.attempt);
    status = job.step(transaction);
  }
  const bool again = frame.is_blocked || IsRowChanged(status) || (status.ok() && world_.random.Chance(faults.conflict));
  const bool lost = status.ok() && !again && world_.random.Chance(faults.lost_before_commit);
  const bool commits = status.ok() && !again && !lost;
  if (frame.has_begun) {
    absl::Status end = connection_->Execute(commits ? "COMMIT" : "ROLLBACK").status();
    if (!end.ok()) world_.Fail(absl::StrCat("SQLite: ", end.ToString()));
  }
  frames_.pop_back();
  if (again) {
    if (!frame.is_blocked) ++job.attempt;
    if (job.attempt < kAttemptsMax) return Queue(std::move(job));
    return Finish(std::move(job), Unavailable("too many attempts"));
  }
  if (lost) return Finish(std::move(job), Unavailable("the connection was lost before the commit"));
  if (!commits) return Finish(std::move(job), status);
  if (frame.has_begun) on_commit_({job.replica->name, job.attempt, std::move(frame.rows)});
  if (world_.random.Chance(faults.lost_after_commit)) {
    world_.Tell(absl::StrCat(job.replica->name, " does not hear of its commit"));
    return Finish(std::move(job), Unavailable("the connection was lost during the commit"));
  }
  Finish(std::move(job), absl::OkStatus());
}

void SimulatedDatabase::Finish(Job job, absl::Status status) {
  world_.After(world_.random.Between(absl::ZeroDuration(), kDelayMax),
               [replica = std::move(job.replica), done = std::move(job.done), status = std::move(status)] {
                 if (replica->is_alive) done(status);
               });
}

void SimulatedDatabase::Session::Submit(Step step, Done done) {
  database_.Queue({replica_, std::move(step), std::move(done)});
}

absl::Status SimulatedDatabase::Session::Read(absl::FunctionRef<absl::Status(control::Transaction&)> read) {
  if (database_.faults.outage || database_.world_.random.Chance(database_.faults.read_error)) {
    return Unavailable("the store can't be read");
  }
  control::Transaction transaction(*database_.connection_, *replica_->clock);
  return read(transaction);
}

}  // namespace tutti::control::simulation
