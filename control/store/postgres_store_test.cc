// What only a store with many writers has to do, on a real server.

#include "control/store/postgres_store.h"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/barrier.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "common/clock/fake_clock.h"
#include "common/status/status.h"
#include "control/media/wait_for.h"
#include "control/store/postgres_pool.h"
#include "control/store/testing/postgres_server.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

using store::ConferenceRecord;

class PostgresStoreTest : public ::testing::Test {
 protected:
  PostgresStoreTest() : url_(server_.MakeDatabase()) {}
  ~PostgresStoreTest() override {
    stores_.clear();
    server_.DropDatabase(url_);
  }

  PostgresStore& Open(PostgresStore::Options options = {}) {
    options.monotonic = [] { return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()); };
    options.jitter_seed = static_cast<uint32_t>(stores_.size());
    auto store = PostgresStore::Open(url_, clock_, std::move(options));
    EXPECT_TRUE(store.ok()) << store.status();
    stores_.push_back(*std::move(store));
    return *stores_.back();
  }

  // One step to its end.
  static absl::Status Run(PostgresStore& store, Store::Step step) {
    absl::Notification done;
    absl::Status result;
    store.Submit(std::move(step), [&](absl::Status status) {
      result = std::move(status);
      done.Notify();
    });
    done.WaitForNotification();
    return result;
  }
  static absl::Status Set(PostgresStore& store, const std::string& name) {
    return Run(store, [name](Transaction& tx) { return tx.meta.Set(name, "x"); });
  }

  // Beside the stores.
  std::unique_ptr<sql::PostgresConnection> Connect() { return sql::PostgresConnection::Open(url_).value(); }
  int64_t Number(const std::string& sql) { return table::FindNumber(*Connect(), sql, {}).value(); }
  void Execute(const std::string& sql) {
    const absl::Status status = Connect()->ExecuteScript(sql);
    EXPECT_TRUE(status.ok()) << status;
  }

  static ConferenceRecord Room(const std::string& id) {
    ConferenceRecord record;
    record.mutable_conference()->set_id(id);
    record.mutable_conference()->set_customer_id("c");
    record.set_revision(1);
    return record;
  }
  // What the core does with a row: reads it, with a lock after a lost race, and
  // writes it back one revision higher.
  static absl::Status Count(Transaction& tx, const std::string& id) {
    TUTTI_ASSIGN_OR_RETURN(auto record, tx.conferences.Find(id, tx.attempt > 0 ? Lock::kYes : Lock::kNo));
    const int64_t read = record->revision();
    record->set_revision(read + 1);
    return tx.conferences.Update(*record, read);
  }
  static absl::Status AddEvent(Transaction& tx, const std::string& stream) {
    TUTTI_ASSIGN_OR_RETURN(const int64_t sequence, tx.outbox.TakeSequences(stream, "c", 1));
    v1::Event event;
    event.set_stream(stream);
    event.set_sequence(sequence);
    return tx.outbox.Insert(event, "c");
  }

  PostgresServer& server_ = PostgresServer::Get();
  const std::string url_;
  FakeClock clock_;
  std::vector<std::unique_ptr<PostgresStore>> stores_;
};

TEST_F(PostgresStoreTest, ReplicasThatChangeOneRowLoseNothing) {
  constexpr int kSteps = 100;
  PostgresStore* replicas[] = {&Open(), &Open()};
  ASSERT_TRUE(Run(*replicas[0], [](Transaction& tx) { return tx.conferences.Insert(Room("x")); }).ok());
  absl::BlockingCounter left(2 * kSteps);
  std::atomic<int> failures{0};
  std::atomic<int> lost_races{0};
  for (int i = 0; i < kSteps; ++i) {
    for (PostgresStore* replica : replicas) {
      replica->Submit(
          [&lost_races](Transaction& tx) {
            if (tx.attempt > 0) ++lost_races;
            return Count(tx, "x");
          },
          [&](const absl::Status& status) {
            if (!status.ok()) ++failures;
            left.DecrementCount();
          });
    }
  }
  left.Wait();
  EXPECT_EQ(failures, 0);
  EXPECT_GT(lost_races, 0) << "eight writers never met";
  EXPECT_EQ(Number("SELECT revision FROM conferences"), 1 + 2 * kSteps);
}

TEST_F(PostgresStoreTest, WhoWaitsInACircleIsRunAgain) {
  // Of sessions that begin later.
  Execute("DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET deadlock_timeout = 10'; END $$");
  PostgresStore& store = Open();
  ASSERT_TRUE(Run(store, [](Transaction& tx) -> absl::Status {
                TUTTI_RETURN_IF_ERROR(tx.conferences.Insert(Room("x")));
                return tx.conferences.Insert(Room("y"));
              }).ok());
  absl::Barrier* both_have_one = new absl::Barrier(2);
  absl::BlockingCounter left(2);
  std::atomic<int> attempts{0};
  for (const auto& [first, second] : {std::pair("x", "y"), std::pair("y", "x")}) {
    store.Submit(
        [=, &attempts, first = std::string(first), second = std::string(second)](Transaction& tx) -> absl::Status {
          ++attempts;
          TUTTI_RETURN_IF_ERROR(tx.conferences.Find(first, Lock::kYes).status());
          if (tx.attempt == 0 && both_have_one->Block()) delete both_have_one;
          return tx.conferences.Find(second, Lock::kYes).status();
        },
        [&left](const absl::Status& status) {
          EXPECT_TRUE(status.ok()) << status;
          left.DecrementCount();
        });
  }
  left.Wait();
  EXPECT_GE(attempts, 3);
}

TEST_F(PostgresStoreTest, AStepThatAlwaysLosesIsGivenUp) {
  PostgresStore& store = Open();
  int attempts = 0;
  const absl::Status status = Run(store, [&](Transaction&) {
    ++attempts;
    return Error(absl::StatusCode::kAborted, kRowChanged, "again");
  });
  EXPECT_EQ(GetErrorDetail(status).reason, "STORE_UNAVAILABLE") << status;
  EXPECT_EQ(attempts, 20);
}

TEST_F(PostgresStoreTest, AnAbortOfTheRulesIsNotRunAgain) {
  PostgresStore& store = Open();
  int attempts = 0;
  const absl::Status status = Run(store, [&](Transaction&) {
    ++attempts;
    return Error(absl::StatusCode::kAborted, "ETAG_MISMATCH", "no");
  });
  EXPECT_EQ(GetErrorDetail(status).reason, "ETAG_MISMATCH");
  EXPECT_EQ(attempts, 1);
}

// Twins of one create: both look, both insert; who comes second sees the first.
TEST_F(PostgresStoreTest, AKeyThatIsTakenMeanwhileIsSeenByTheNextAttempt) {
  PostgresStore* replicas[] = {&Open(), &Open()};
  absl::Barrier* both_looked = new absl::Barrier(2);
  absl::BlockingCounter left(2);
  std::atomic<int> made{0};
  std::atomic<int> found{0};
  for (PostgresStore* replica : replicas) {
    replica->Submit(
        [both_looked](Transaction& tx) -> absl::Status {
          const IdempotencyTable::Key key{"c", "M", "k"};
          TUTTI_ASSIGN_OR_RETURN(const auto entry, tx.idempotency_keys.Find(key));
          if (entry.has_value()) return Error(absl::StatusCode::kCancelled, "FOUND", "");
          if (tx.attempt == 0 && both_looked->Block()) delete both_looked;
          return tx.idempotency_keys.Insert(key, {"hash", "id", std::nullopt, 1});
        },
        [&](const absl::Status& status) {
          if (status.ok()) ++made;
          if (GetErrorDetail(status).reason == "FOUND") ++found;
          left.DecrementCount();
        });
  }
  left.Wait();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(found, 1);
}

TEST_F(PostgresStoreTest, AnErrorThatAStepPassesOverIsNotACommit) {
  PostgresStore& store = Open();
  const absl::Status status = Run(store, [](Transaction& tx) -> absl::Status {
    TUTTI_RETURN_IF_ERROR(tx.conferences.Insert(Room("x")));
    tx.conferences.Insert(Room("x")).IgnoreError();
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << status;
  EXPECT_EQ(Number("SELECT COUNT(*) FROM conferences"), 0);
}

TEST_F(PostgresStoreTest, AStepWhoseConnectionBreaksIsRunAgainOnANewOne) {
  PostgresStore& store = Open();
  int attempts = 0;
  const absl::Status status = Run(store, [&](Transaction& tx) -> absl::Status {
    TUTTI_RETURN_IF_ERROR(tx.meta.Set("a" + std::to_string(attempts), "x"));
    if (++attempts == 1) {
      Execute(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
          " WHERE datname = current_database() AND state = 'idle in transaction'");
    }
    return tx.meta.Set("b", "x");
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(attempts, 2);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM meta WHERE name IN ('a0', 'a1', 'b')"), 2);
}

TEST_F(PostgresStoreTest, AServerThatDiesIsUnavailableUntilItIsBack) {
  PostgresStore& store = Open();
  ASSERT_TRUE(Set(store, "before").ok());
  server_.Stop(SIGKILL);
  // Its children may answer for a moment yet.
  const auto read = [&store] { return store.Read([](Transaction&) { return absl::OkStatus(); }); };
  ASSERT_TRUE(WaitFor([&] { return !Set(store, "before").ok() && !read().ok(); }));
  // Nobody waits for it, however many they are.
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(GetErrorDetail(Set(store, "meanwhile")).reason, "STORE_UNAVAILABLE");
    EXPECT_EQ(GetErrorDetail(read()).reason, "STORE_UNAVAILABLE");
  }
  server_.Start();
  ASSERT_TRUE(WaitFor([&] { return Set(store, "after").ok(); }));
  EXPECT_TRUE(
      store
          .Read([](Transaction& tx) -> absl::Status {
            for (const auto& [name, is_there] : {std::pair("before", true), {"meanwhile", false}, {"after", true}}) {
              TUTTI_ASSIGN_OR_RETURN(const auto value, tx.meta.Find(name));
              EXPECT_EQ(value.has_value(), is_there) << name;
            }
            return absl::OkStatus();
          })
          .ok());
}

// Of a pool: a store's wakeup asks all the time.
TEST_F(PostgresStoreTest, AServerThatStartsAnewIsNotNoticedWhenNobodyAsksMeanwhile) {
  PostgresConnector connector(url_, [] { return absl::ZeroDuration(); });
  PostgresPool pool(connector, 1, "BEGIN");
  const auto begin_and_give = [&pool]() -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(auto connection, pool.Begin());
    pool.Give(std::move(connection));
    return absl::OkStatus();
  };
  ASSERT_TRUE(begin_and_give().ok());
  server_.Stop();
  server_.Start();
  EXPECT_TRUE(begin_and_give().ok());
}

TEST_F(PostgresStoreTest, ACommitWhoseAnswerIsLostIsSaidToBeUnknown) {
  PostgresStore& store = Open();
  // The server commits, then waits for a standby that isn't there, and loses its
  // client meanwhile.
  Execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  Execute("SELECT pg_reload_conf()");
  std::thread breaker([this] {
    EXPECT_TRUE(WaitFor([this] {
      return Number(
                 "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity"
                 " WHERE datname = current_database() AND wait_event = 'SyncRep'") == 1;
    }));
  });
  int attempts = 0;
  const absl::Status status = Run(store, [&](Transaction& tx) {
    ++attempts;
    return tx.meta.Set("a", "x");
  });
  breaker.join();
  Execute("ALTER SYSTEM RESET synchronous_standby_names");
  Execute("SELECT pg_reload_conf()");
  EXPECT_EQ(GetErrorDetail(status).reason, "STORE_UNAVAILABLE") << status;
  EXPECT_NE(std::string(status.message()).find("may have come to pass"), std::string::npos) << status;
  EXPECT_EQ(attempts, 1) << "once more could do it twice";
  EXPECT_EQ(Number("SELECT COUNT(*) FROM meta WHERE name = 'a'"), 1);
}

TEST_F(PostgresStoreTest, ReplicasMayMigrateTogether) {
  const std::string empty = server_.MakeEmptyDatabase();
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      PostgresStore::Options options;
      options.writers = 0;
      options.monotonic = [] { return absl::ZeroDuration(); };
      auto store = PostgresStore::Open(empty, clock_, std::move(options));
      if (!store.ok()) ++failures;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  const auto connection = sql::PostgresConnection::Open(empty).value();
  EXPECT_EQ(*table::FindNumber(*connection, "SELECT COUNT(*) FROM schema_version", {}), 1);
  EXPECT_EQ(*table::FindNumber(*connection, "SELECT OCTET_LENGTH(value) FROM meta", {}), 32);
  EXPECT_NE(*table::FindNumber(*connection, "SELECT GET_BYTE(value, 0) * 65536 + GET_BYTE(value, 1) FROM meta", {}),
            Number("SELECT GET_BYTE(value, 0) * 65536 + GET_BYTE(value, 1) FROM meta"))
      << "each data base has a secret of its own";
  server_.DropDatabase(empty);
}

TEST_F(PostgresStoreTest, EachEventGetsOnePlaceAndStreamsKeepTheirOrder) {
  constexpr int kSteps = 200;
  constexpr int kStreams = 5;
  PostgresStore* replicas[] = {&Open(), &Open()};
  std::atomic<int> left{2 * kSteps};
  std::atomic<int64_t> sequenced{0};
  std::atomic<int> failures{0};
  for (int i = 0; i < kSteps; ++i) {
    for (PostgresStore* replica : replicas) {
      replica->Submit([i](Transaction& tx) { return AddEvent(tx, "call:" + std::to_string(i % kStreams)); },
                      [&](const absl::Status& status) {
                        if (!status.ok()) ++failures;
                        --left;
                      });
    }
  }
  std::vector<std::thread> sequencers;
  for (PostgresStore* replica : replicas) {
    sequencers.emplace_back([&, replica] {
      for (int64_t count = 0; left > 0 || count > 0;) {
        const bool is_last = left == 0;
        const absl::Status status = Run(*replica, [&count](Transaction& tx) -> absl::Status {
          TUTTI_ASSIGN_OR_RETURN(count, tx.outbox.Sequence(7));
          return absl::OkStatus();
        });
        if (!status.ok()) ++failures;
        sequenced += count;
        if (is_last && count == 0) return;
      }
    });
  }
  for (std::thread& thread : sequencers) thread.join();
  EXPECT_EQ(failures, 0);
  Run(*replicas[0], [&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const int64_t rest, tx.outbox.Sequence(10'000));
    sequenced += rest;
    return absl::OkStatus();
  }).IgnoreError();
  EXPECT_EQ(sequenced, 2 * kSteps);
  std::vector<Outbox::Stored> all;
  ASSERT_TRUE(replicas[1]
                  ->Read([&](Transaction& tx) -> absl::Status {
                    TUTTI_ASSIGN_OR_RETURN(all, tx.outbox.ReadAll("c", 0, 10'000));
                    return absl::OkStatus();
                  })
                  .ok());
  ASSERT_EQ(all.size(), 2u * kSteps);
  std::map<std::string, int64_t> last;
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].position, static_cast<int64_t>(i) + 1);
    EXPECT_EQ(all[i].event.sequence(), ++last[all[i].event.stream()]);
  }
}

TEST_F(PostgresStoreTest, ACommitWithEventsWakesTheOtherReplicas) {
  std::atomic<int> own{0};
  std::atomic<int> others{0};
  PostgresStore::Options options;
  options.on_remote_commit = [&own] { ++own; };
  PostgresStore& store = Open(std::move(options));
  PostgresStore::Options other_options;
  other_options.on_remote_commit = [&others] { ++others; };
  Open(std::move(other_options));
  // Each is told once that it may have missed something before it listened.
  ASSERT_TRUE(WaitFor([&] { return own == 1 && others == 1; }));
  ASSERT_TRUE(Run(store, [](Transaction& tx) { return AddEvent(tx, "call:a"); }).ok());
  EXPECT_TRUE(WaitFor([&] { return others == 2; }));
  // Its own word comes back to it before others' answer.
  ASSERT_TRUE(Run(*stores_[1], [](Transaction& tx) { return AddEvent(tx, "call:a"); }).ok());
  EXPECT_TRUE(WaitFor([&] { return own == 2; }));
  EXPECT_EQ(others, 2);
  // After the server was gone they may have missed something.
  server_.Stop();
  server_.Start();
  EXPECT_TRUE(WaitFor([&] { return own == 3 && others == 3; }));
}

TEST_F(PostgresStoreTest, OneReaderSeesOneMoment) {
  PostgresStore& store = Open();
  ASSERT_TRUE(Set(store, "a").ok());
  const absl::Status status = store.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_RETURN_IF_ERROR(tx.meta.Find("a").status());
    TUTTI_RETURN_IF_ERROR(Set(store, "b"));
    TUTTI_ASSIGN_OR_RETURN(const auto later, tx.meta.Find("b"));
    EXPECT_FALSE(later.has_value());
    EXPECT_FALSE(tx.meta.Set("c", "x").ok()) << "reads write nothing";
    return absl::OkStatus();
  });
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(Number("SELECT COUNT(*) FROM meta WHERE name = 'c'"), 0);
}

TEST_F(PostgresStoreTest, TheTimeIsTheServers) {
  PostgresStore& store = Open();
  const int64_t before = Number("SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT");
  ASSERT_TRUE(Run(store, [&](Transaction& tx) -> absl::Status {
                TUTTI_ASSIGN_OR_RETURN(const absl::Time now, tx.Now());
                EXPECT_GE(absl::ToUnixMicros(now), before);
                EXPECT_NE(now, clock_.Now());
                return absl::OkStatus();
              }).ok());
}

}  // namespace
}  // namespace tutti::control
