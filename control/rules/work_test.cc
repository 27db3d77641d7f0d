// The rows of one step, on SQLite and on PostgreSQL.

#include "control/rules/work.h"

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "common/clock/fake_clock.h"
#include "common/id/id.h"
#include "common/status/status.h"
#include "control/store/testing/test_store.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

using store::ConferencecallRecord;

class WorkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = database_.Open(clock_, {});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  // One step of one work, to its end.
  absl::Status Run(absl::FunctionRef<absl::Status(Work&)> rule) {
    absl::Status result = absl::UnknownError("not done");
    store_->Submit(
        [&](Transaction& tx) -> absl::Status {
          Work work(tx, clock_.Now(), ids_);
          TUTTI_RETURN_IF_ERROR(rule(work));
          return work.Flush();
        },
        [&](absl::Status status) { result = std::move(status); });
    while (store_->RunPending()) {
    }
    return result;
  }

  static ConferencecallRecord Participant(const std::string& id, const std::string& conference_id) {
    ConferencecallRecord record;
    v1::Conferencecall& participant = *record.mutable_conferencecall();
    participant.set_id(id);
    participant.set_customer_id("c");
    participant.set_conference_id(conference_id);
    participant.set_reference_id("call");
    participant.set_status(v1::Conferencecall::STATUS_JOINING);
    participant.mutable_tm_create()->set_seconds(100);
    return record;
  }

  FakeClock clock_;
  IdGenerator ids_{clock_};
  TestDatabase database_;
  std::unique_ptr<QueuedStore> store_;
};

TEST_F(WorkTest, ARowIsWrittenOnceWithWhatTheStepMadeOfIt) {
  ASSERT_TRUE(Run([](Work& work) {
                ConferencecallRecord* added = work.Add(Participant("p", "room"));
                work.Touch(*added);
                added->mutable_conferencecall()->set_muted(true);
                return absl::OkStatus();
              }).ok());
  ASSERT_TRUE(store_
                  ->Read([](Transaction& tx) -> absl::Status {
                    TUTTI_ASSIGN_OR_RETURN(const auto found, tx.conferencecalls.Find("p", Lock::kNo));
                    EXPECT_TRUE(found.has_value() && found->conferencecall().muted());
                    EXPECT_EQ(found->revision(), 1);
                    return absl::OkStatus();
                  })
                  .ok());
}

TEST_F(WorkTest, WhoIsPresentIsFoundBeforeItIsInTheStore) {
  ASSERT_TRUE(Run([](Work& work) {
                work.Add(Participant("stored", "room"));
                return absl::OkStatus();
              }).ok());
  EXPECT_TRUE(Run([](Work& work) -> absl::Status {
                work.Add(Participant("added", "room"));
                work.Add(Participant("elsewhere", "another room"));
                TUTTI_ASSIGN_OR_RETURN(const auto present, work.FindPresent("room"));
                EXPECT_EQ(present, (std::vector<std::string>{"stored", "added"}));
                return absl::OkStatus();
              }).ok());
}

TEST_F(WorkTest, AnIdThatAnotherTransactionTookIsALostRace) {
  ASSERT_TRUE(Run([](Work& work) {
                work.Add(Participant("p", "room"));
                return absl::OkStatus();
              }).ok());
  absl::Status flushed;
  store_->Submit(
      [&](Transaction& tx) -> absl::Status {
        Work work(tx, clock_.Now(), ids_);
        work.Add(Participant("p", "room"));
        flushed = work.Flush();
        // What the store would run again for ever.
        return absl::CancelledError("seen");
      },
      [](const absl::Status&) {});
  while (store_->RunPending()) {
  }
  EXPECT_EQ(flushed.code(), absl::StatusCode::kAborted) << flushed;
  EXPECT_EQ(GetErrorDetail(flushed).reason, kRowChanged);
}

}  // namespace
}  // namespace tutti::control
