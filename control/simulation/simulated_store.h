#ifndef CONTROL_SIMULATION_SIMULATED_STORE_H_
#define CONTROL_SIMULATION_SIMULATED_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/simulation/world.h"
#include "control/store/sql/sqlite_connection.h"
#include "control/store/store.h"

namespace tutti::control::simulation {

// A resource's row: table and id.
using RowName = std::pair<std::string, std::string>;

// One data base for several replicas, as PostgreSQL at READ COMMITTED behaves:
// steps of all replicas run in any order and into one another, what a step reads
// may have changed by the time it writes, rows that are locked keep others
// waiting, and connections break before and after commits. Real tables and SQL,
// in a SQLite data base in memory.
//
// A step runs on the caller's stack. Until its first write it holds no
// transaction: at each of its statements another step may be run from beginning
// to end. A step that would have to wait for a lock of a step beneath it is
// undone and run later. From its first write on a step is alone until its end,
// which loses nothing: others would wait for its rows, or not meet them.
class SimulatedDatabase {
 public:
  struct Faults {
    // Of 1 000 steps: refused before they begin; their connection lost before the
    // commit, and after it; run again for nothing.
    int busy = 0;
    int lost_before_commit = 0;
    int lost_after_commit = 0;
    int conflict = 0;
    // Of 1 000 reads.
    int read_error = 0;
    // Of 1 000 statements before the first write: another step runs.
    int interleave = 0;
    // Nothing works.
    bool outage = false;
  };

  struct Commit {
    std::string replica;
    int attempt = 0;
    // Rows of the resources that it wrote.
    std::set<RowName> rows;
  };

  // One replica's store.
  class Session;

  SimulatedDatabase(World& world, std::function<void(const Commit&)> on_commit);
  ~SimulatedDatabase();

  // Makes the tables. Once, first.
  absl::Status Open();
  // The database outlives the session; `clock` too.
  std::unique_ptr<Session> Connect(const std::string& replica, Clock& clock);
  // What is committed, for the checks: never fails for a fault.
  absl::Status Inspect(absl::FunctionRef<absl::Status(control::Transaction&)> read);
  sql::Connection& connection() { return *connection_; }

  Faults faults;

 private:
  class Connection;
  // A session's life as the steps that it has submitted see it.
  struct Replica {
    std::string name;
    Clock* clock = nullptr;
    bool is_alive = true;
  };
  struct Job {
    std::shared_ptr<Replica> replica;
    control::Store::Step step;
    control::Store::Done done;
    int attempt = 0;
  };
  // A step in progress.
  struct Frame {
    bool has_begun = false;
    // Has met a lock of a frame beneath.
    bool is_blocked = false;
    std::set<RowName> locks;
    std::set<RowName> shared_locks;
    std::set<RowName> rows;
  };

  void Queue(Job job);
  void RunQueued(int64_t id);
  void Run(Job job);
  void Finish(Job job, absl::Status status);
  // Perhaps runs another step, before a statement of the top frame.
  void Interleave();
  bool IsLockedBeneath(const RowName& row, bool for_sharing) const;

  World& world_;
  const std::function<void(const Commit&)> on_commit_;
  SkewedClock clock_;
  std::unique_ptr<sql::SqliteConnection> connection_;
  int64_t submitted_ = 0;
  std::map<int64_t, Job> queue_;
  std::vector<Frame*> frames_;
};

class SimulatedDatabase::Session final : public control::Store {
 public:
  Session(SimulatedDatabase& database, std::shared_ptr<Replica> replica)
      : database_(database), replica_(std::move(replica)) {}
  // The replica has died: what it submitted and has not begun never runs, what
  // was committed is never answered.
  ~Session() override { replica_->is_alive = false; }

  void Submit(Step step, Done done) override;
  absl::Status Read(absl::FunctionRef<absl::Status(control::Transaction&)> read) override;

 private:
  SimulatedDatabase& database_;
  const std::shared_ptr<Replica> replica_;
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_SIMULATED_STORE_H_
