// What every store does, on SQLite and on PostgreSQL.

#include "control/store/store.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "common/clock/fake_clock.h"
#include "common/status/status.h"
#include "control/store/testing/test_store.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

using store::ConferenceRecord;

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }

  void Open() {
    store_ = nullptr;
    auto store = database_.Open(clock_, options_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  // One step to its end; not with own_threads.
  absl::Status Run(Store::Step step) {
    absl::Status result = absl::UnknownError("not done");
    store_->Submit(std::move(step), [&result](absl::Status status) { result = std::move(status); });
    while (store_->RunPending()) {
    }
    return result;
  }
  absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> read) { return store_->Read(read); }

  bool IsSet(const std::string& name) {
    bool found = false;
    EXPECT_TRUE(Read([&](Transaction& tx) -> absl::Status {
                  TUTTI_ASSIGN_OR_RETURN(const auto value, tx.meta.Find(name));
                  found = value.has_value();
                  return absl::OkStatus();
                }).ok());
    return found;
  }

  static ConferenceRecord Room(const std::string& id, int64_t tm_create_s = 100) {
    ConferenceRecord record;
    record.mutable_conference()->set_id(id);
    record.mutable_conference()->set_customer_id("c");
    record.mutable_conference()->set_status(v1::Conference::STATUS_PROGRESSING);
    record.mutable_conference()->mutable_tm_create()->set_seconds(tm_create_s);
    record.set_revision(1);
    return record;
  }
  static absl::Status AddEvents(Transaction& tx, const std::string& stream, int count) {
    TUTTI_ASSIGN_OR_RETURN(int64_t sequence, tx.outbox.TakeSequences(stream, "c", count));
    for (int i = 0; i < count; ++i) {
      v1::Event event;
      event.set_stream(stream);
      event.set_sequence(sequence++);
      event.mutable_time()->set_seconds(100);
      TUTTI_RETURN_IF_ERROR(tx.outbox.Insert(event, "c"));
    }
    return absl::OkStatus();
  }
  int64_t Sequence(int limit) {
    int64_t count = -1;
    EXPECT_TRUE(Run([&](Transaction& tx) -> absl::Status {
                  TUTTI_ASSIGN_OR_RETURN(count, tx.outbox.Sequence(limit));
                  return absl::OkStatus();
                }).ok());
    return count;
  }
  std::vector<Outbox::Stored> ReadAll(int64_t after, int limit) {
    std::vector<Outbox::Stored> all;
    EXPECT_TRUE(Read([&](Transaction& tx) -> absl::Status {
                  TUTTI_ASSIGN_OR_RETURN(all, tx.outbox.ReadAll("c", after, limit));
                  return absl::OkStatus();
                }).ok());
    return all;
  }

  FakeClock clock_;
  TestDatabase database_;
  TestDatabase::Options options_;
  std::unique_ptr<QueuedStore> store_;
};

TEST_F(StoreTest, KeepsWhatWasCommittedAndNothingOfAStepThatFailed) {
  EXPECT_TRUE(Run([](Transaction& tx) { return tx.meta.Set("a", "x"); }).ok());
  EXPECT_EQ(Run([](Transaction& tx) -> absl::Status {
              TUTTI_RETURN_IF_ERROR(tx.meta.Set("b", "x"));
              return absl::NotFoundError("no");
            }),
            absl::NotFoundError("no"));
  store_->Submit([](Transaction& tx) { return tx.meta.Set("c", "x"); }, [](const absl::Status&) {});
  Open();
  EXPECT_TRUE(IsSet("a"));
  EXPECT_FALSE(IsSet("b"));
  EXPECT_TRUE(IsSet("c")) << "closing runs what was submitted";
}

TEST_F(StoreTest, AFullQueueRefuses) {
  options_.queue_max = 2;
  Open();
  std::vector<absl::Status> done;
  for (int i = 0; i < 3; ++i) {
    store_->Submit([](Transaction&) { return absl::OkStatus(); },
                   [&done](absl::Status status) { done.push_back(std::move(status)); });
  }
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(GetErrorDetail(done[0]).reason, "STORE_UNAVAILABLE");
  EXPECT_EQ(store_->QueueDepth(), 2u);
  store_ = nullptr;
}

TEST_F(StoreTest, KeepsEveryByte) {
  std::string bytes("\0\x01'?$1\\\xff\xfe", 9);
  bytes.append(100'000, '\0');
  ASSERT_TRUE(Run([&](Transaction& tx) { return tx.meta.Set("?'$1\"", bytes); }).ok());
  ASSERT_TRUE(Read([&](Transaction& tx) -> absl::Status {
                TUTTI_ASSIGN_OR_RETURN(const auto value, tx.meta.Find("?'$1\""));
                EXPECT_TRUE(value == bytes);
                return absl::OkStatus();
              }).ok());
}

TEST_F(StoreTest, EachDataBaseHasASecretOfItsOwn) {
  TestDatabase other;
  auto store = other.Open(clock_);
  ASSERT_TRUE(store.ok());
  std::string secrets[2];
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE((i == 0 ? *store_ : **store)
                    .Read([&](Transaction& tx) -> absl::Status {
                      TUTTI_ASSIGN_OR_RETURN(const auto secret, tx.meta.Find("token_secret"));
                      secrets[i] = secret.value_or("");
                      return absl::OkStatus();
                    })
                    .ok());
    EXPECT_EQ(secrets[i].size(), 32u);
  }
  // The test's data bases are copies of one, which PostgreSQL's server has made.
  EXPECT_EQ(secrets[0] == secrets[1], TestDatabase::IsPostgres());
}

TEST_F(StoreTest, PagesAreInTheOrderOfBytes) {
  // A language's order would have a, B, c.
  const std::vector<std::string> ids = {"c", "B", "a", "Z", "\xc3\xa4", "-", "1"};
  ASSERT_TRUE(Run([&](Transaction& tx) -> absl::Status {
                for (const std::string& id : ids) TUTTI_RETURN_IF_ERROR(tx.conferences.Insert(Room(id)));
                return absl::OkStatus();
              }).ok());
  std::vector<std::string> sorted = ids;
  std::sort(sorted.rbegin(), sorted.rend());
  std::vector<std::string> listed;
  ASSERT_TRUE(Read([&](Transaction& tx) -> absl::Status {
                PageStart start;
                for (;;) {
                  TUTTI_ASSIGN_OR_RETURN(const auto page, tx.conferences.List({"c", 0, 0}, start, 2));
                  if (page.empty()) return absl::OkStatus();
                  for (const auto& record : page) listed.push_back(record.conference().id());
                  start = {table::Microseconds(page.back().conference().tm_create()), listed.back()};
                }
              }).ok());
  EXPECT_EQ(listed, sorted);
}

TEST_F(StoreTest, ARowThatIsThereIsSaidSoAndOneThatChangedIsNotOverwritten) {
  ASSERT_TRUE(Run([](Transaction& tx) { return tx.conferences.Insert(Room("x")); }).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Run([](Transaction& tx) { return tx.conferences.Insert(Room("x")); })));
  const absl::Status changed = Run([](Transaction& tx) {
    ConferenceRecord record = Room("x");
    record.set_revision(8);
    // It is at revision 1.
    return tx.conferences.Update(record, 7);
  });
  EXPECT_FALSE(changed.ok());
  ASSERT_TRUE(Read([](Transaction& tx) -> absl::Status {
                TUTTI_ASSIGN_OR_RETURN(const auto record, tx.conferences.Find("x", Lock::kNo));
                EXPECT_EQ(record->revision(), 1);
                return absl::OkStatus();
              }).ok());
}

TEST_F(StoreTest, ANumberIsKeptWhole) {
  constexpr int64_t kNumbers[] = {INT64_MIN, -1, 1, 255, 256, INT64_MAX};
  int64_t term = 0;
  for (const int64_t number : kNumbers) {
    ASSERT_TRUE(Run([&](Transaction& tx) { return tx.media_nodes.Upsert({"n", "", number, "", ++term, 0}); }).ok());
    ASSERT_TRUE(Read([&](Transaction& tx) -> absl::Status {
                  TUTTI_ASSIGN_OR_RETURN(const auto node, tx.media_nodes.Find("n"));
                  EXPECT_EQ(node->sequence, number);
                  return absl::OkStatus();
                }).ok());
  }
}

TEST_F(StoreTest, ATermOfAMediaNodeIsTakenOnce) {
  // What each of two found that claim a node at its first start: no row.
  int attempts = 0;
  const auto claim = [&](const std::string& owner) {
    return Run([&](Transaction& tx) -> absl::Status {
      if (++attempts > 2) return absl::CancelledError("it was run again");
      return tx.media_nodes.Upsert({"n", "", 0, owner, 1, 0});
    });
  };
  EXPECT_TRUE(claim("a").ok());
  EXPECT_FALSE(claim("b").ok());
  ASSERT_TRUE(Read([&](Transaction& tx) -> absl::Status {
                TUTTI_ASSIGN_OR_RETURN(const auto node, tx.media_nodes.Find("n"));
                EXPECT_EQ(node->owner, "a");
                return absl::OkStatus();
              }).ok());
}

TEST_F(StoreTest, SequencesOfAStreamHaveNoHoleAfterAnUndoneStep) {
  std::vector<int64_t> firsts;
  for (const bool good : {true, false, true}) {
    int64_t first = 0;
    Run([&](Transaction& tx) -> absl::Status {
      TUTTI_ASSIGN_OR_RETURN(first, tx.outbox.TakeSequences("call:x", "c", 2));
      return good ? absl::OkStatus() : absl::CancelledError("undone");
    }).IgnoreError();
    firsts.push_back(first);
  }
  EXPECT_EQ(firsts, (std::vector<int64_t>{1, 3, 3}));
}

TEST_F(StoreTest, EventsAreReadInOneOrderOnceTheyHaveTheirPlace) {
  ASSERT_TRUE(Run([](Transaction& tx) -> absl::Status {
                TUTTI_RETURN_IF_ERROR(AddEvents(tx, "call:a", 3));
                TUTTI_RETURN_IF_ERROR(AddEvents(tx, "call:b", 2));
                return AddEvents(tx, "call:a", 1);
              }).ok());
  ASSERT_TRUE(Read([](Transaction& tx) -> absl::Status {
                TUTTI_ASSIGN_OR_RETURN(const auto stream, tx.outbox.ReadStream("call:a", 1, 10));
                EXPECT_EQ(stream.size(), 3u) << "a stream needs no place among all";
                TUTTI_ASSIGN_OR_RETURN(const bool has_any, tx.outbox.HasUnsequenced());
                EXPECT_EQ(has_any, TestDatabase::IsPostgres());
                return absl::OkStatus();
              }).ok());
  if (TestDatabase::IsPostgres()) {
    EXPECT_TRUE(ReadAll(0, 10).empty());
    EXPECT_EQ(Sequence(4), 4);
    EXPECT_EQ(ReadAll(0, 10).size(), 4u);
    EXPECT_EQ(Sequence(4), 2);
  }
  EXPECT_EQ(Sequence(4), 0);
  std::vector<std::string> order;
  int64_t last = 0;
  for (const auto& stored : ReadAll(0, 10)) {
    EXPECT_GT(stored.position, last);
    last = stored.position;
    order.push_back(stored.event.stream() + std::to_string(stored.event.sequence()));
  }
  EXPECT_EQ(order, (std::vector<std::string>{"call:a1", "call:a2", "call:a3", "call:b1", "call:b2", "call:a4"}));
  EXPECT_EQ(ReadAll(last, 10).size(), 0u);
  EXPECT_EQ(ReadAll(last - 1, 10).size(), 1u);
}

TEST_F(StoreTest, APurgeOfEventsGoesByPlaceAndLeavesItsMarks) {
  ASSERT_TRUE(Run([](Transaction& tx) -> absl::Status {
                TUTTI_RETURN_IF_ERROR(AddEvents(tx, "call:a", 3));
                return AddEvents(tx, "call:b", 1);
              }).ok());
  Sequence(10);
  // Without a place yet on PostgreSQL.
  ASSERT_TRUE(Run([](Transaction& tx) { return AddEvents(tx, "call:a", 1); }).ok());
  const auto purge = [this](int limit) {
    int64_t purged = -1;
    EXPECT_TRUE(Run([&](Transaction& tx) -> absl::Status {
                  TUTTI_ASSIGN_OR_RETURN(purged, tx.outbox.Purge(101'000'000, limit));
                  return absl::OkStatus();
                }).ok());
    return purged;
  };
  EXPECT_EQ(purge(2), 2);
  ASSERT_TRUE(Read([](Transaction& tx) -> absl::Status {
                TUTTI_ASSIGN_OR_RETURN(const auto a, tx.outbox.FindStream("call:a"));
                EXPECT_EQ(a->purged_sequence, 2);
                TUTTI_ASSIGN_OR_RETURN(const auto b, tx.outbox.FindStream("call:b"));
                EXPECT_EQ(b->purged_sequence, 0);
                TUTTI_ASSIGN_OR_RETURN(const int64_t purged, tx.outbox.PurgedPosition());
                EXPECT_GT(purged, 0);
                return absl::OkStatus();
              }).ok());
  Sequence(10);
  EXPECT_EQ(purge(10), 3);
  EXPECT_EQ(purge(10), 0);
  ASSERT_TRUE(Read([](Transaction& tx) -> absl::Status {
                TUTTI_ASSIGN_OR_RETURN(const int64_t purged, tx.outbox.PurgedPosition());
                TUTTI_ASSIGN_OR_RETURN(const int64_t last, tx.outbox.LastPosition());
                EXPECT_EQ(last, purged);
                return absl::OkStatus();
              }).ok());
}

TEST_F(StoreTest, IdempotencyKeysAreReplacedAndPurged) {
  const IdempotencyTable::Key key{"c", "M", "k"};
  ASSERT_TRUE(Run([&](Transaction& tx) -> absl::Status {
                TUTTI_RETURN_IF_ERROR(tx.idempotency_keys.Insert(key, {"hash", "id", std::nullopt, 5}));
                return tx.idempotency_keys.SetResponse(key, std::string("\0x", 2));
              }).ok());
  ASSERT_TRUE(Run([&](Transaction& tx) -> absl::Status {
                TUTTI_ASSIGN_OR_RETURN(const auto entry, tx.idempotency_keys.Find(key));
                EXPECT_EQ(entry->response, std::string("\0x", 2));
                TUTTI_ASSIGN_OR_RETURN(const int64_t early, tx.idempotency_keys.Purge(5, 10));
                TUTTI_ASSIGN_OR_RETURN(const int64_t late, tx.idempotency_keys.Purge(6, 10));
                EXPECT_EQ(early, 0);
                EXPECT_EQ(late, 1);
                return absl::OkStatus();
              }).ok());
}

TEST_F(StoreTest, ItsThreadsRunWhatManySubmitAndKeepEachOnesOrder) {
  constexpr int kThreads = 4;
  constexpr int kSteps = 50;
  options_.own_threads = true;
  Open();
  absl::BlockingCounter left(kThreads);
  std::atomic<int> failures{0};
  // Each next step is submitted from the one before's `done`.
  std::function<void(int, int)> go = [&](int thread, int i) {
    if (i == kSteps) {
      left.DecrementCount();
      return;
    }
    store_->Submit(
        [=](Transaction& tx) -> absl::Status {
          const std::string name = std::to_string(thread);
          TUTTI_ASSIGN_OR_RETURN(const auto value, tx.meta.Find(name));
          if (value.value_or("0") != std::to_string(i)) return absl::InternalError("the step before is not seen");
          return tx.meta.Set(name, std::to_string(i + 1));
        },
        [&, thread, i](const absl::Status& status) {
          if (!status.ok()) ++failures;
          go(thread, i + 1);
        });
  };
  for (int t = 0; t < kThreads; ++t) go(t, 0);
  left.Wait();
  EXPECT_EQ(failures, 0);
}

}  // namespace
}  // namespace tutti::control
