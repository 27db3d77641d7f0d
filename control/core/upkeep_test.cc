#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/core/core_fixture.h"

namespace tutti::control {
namespace {

using L = v1::Call;
using P = v1::Conferencecall;

class UpkeepTest : public CoreFixture {
 protected:
  void SetUp() override {
    CoreFixture::SetUp();
    room_ = CreateConference()->id();
  }
  int Sweep() {
    int removed = -1;
    core_->upkeep().SweepHealth([&](absl::StatusOr<int> count) { removed = count.value_or(-1); });
    Settle();
    return removed;
  }
  int64_t PurgeOnce() {
    int64_t purged = -1;
    core_->upkeep().Purge([&](absl::StatusOr<int64_t> count) { purged = count.value_or(-1); });
    Settle();
    return purged;
  }
  std::string room_;
};

TEST_F(UpkeepTest, ACallThatIsNotAnsweredEnds) {
  hold_commands_ = true;
  auto answer = std::make_shared<std::optional<absl::StatusOr<L>>>();
  StartCall({Join(room_)}, answer, "key");
  Settle();
  Pass(absl::Seconds(29));
  EXPECT_FALSE(answer->has_value());
  Pass(absl::Seconds(1));
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ(ReasonOf((*answer)->status()), "CALL_NOT_ANSWERED");
  const std::string id = core_->calls().List(principal_, {})->result(0).id();
  EXPECT_EQ(Call(id).status(), L::STATUS_TERMINATING);
  EXPECT_EQ(Call(id).hangup_reason(), L::HANGUP_REASON_SETUP_TIMEOUT);
  // Nor does the node answer to the removal.
  Pass(absl::Seconds(10));
  EXPECT_EQ(Call(id).status(), L::STATUS_HANGUP);
  CheckInvariants();
}

TEST_F(UpkeepTest, ALegThatOutlivedItsTeardownIsRemovedLater) {
  const L call = JoinedCall(room_);
  hold_commands_ = true;
  ASSERT_TRUE(Hangup(call.id()).ok());
  Pass(absl::Seconds(10));
  EXPECT_EQ(Call(call.id()).status(), L::STATUS_HANGUP);
  Restart();
  hold_commands_ = false;
  Connect();
  EXPECT_TRUE(node_.legs.empty());
}

TEST_F(UpkeepTest, AJoinThatDoesNotComeAboutEnds) {
  node_.attaches = false;
  const L call = *CreateCall({Join(room_), Sleep(100'000)});
  Pass(absl::Seconds(29));
  EXPECT_EQ(Participant(call.id()).status(), P::STATUS_JOINING);
  hold_commands_ = true;
  Pass(absl::Seconds(1));
  EXPECT_EQ(Participant(call.id()).status(), P::STATUS_LEAVING);
  EXPECT_EQ(Participant(call.id()).leave_reason(), P::LEAVE_REASON_JOIN_TIMEOUT);
  Pass(absl::Seconds(10));
  EXPECT_EQ(Participant(call.id()).status(), P::STATUS_LEAVED);
  EXPECT_EQ(Call(call.id()).status(), L::STATUS_PROGRESSING);
  CheckInvariants();
}

TEST_F(UpkeepTest, AClosingRoomDoesNotWaitForEver) {
  JoinedCall(room_);
  hold_commands_ = true;
  ASSERT_TRUE(DeleteConference(room_).ok());
  Pass(absl::Seconds(10));
  EXPECT_EQ(Room(room_).status(), v1::Conference::STATUS_TERMINATED);
  CheckInvariants();
}

TEST_F(UpkeepTest, CountsWhatHasNotEnded) {
  JoinedCall(room_);
  ASSERT_TRUE(Hangup(JoinedCall(room_).id()).ok());
  ASSERT_TRUE(DeleteConference(CreateConference()->id()).ok());
  const StatusCounts counts = *core_->census().CountByStatus();
  EXPECT_EQ(counts.conferences, (std::vector<int64_t>{0, 0, 1, 0, 0}));
  EXPECT_EQ(counts.conferencecalls, (std::vector<int64_t>{0, 0, 1, 0, 0}));
  EXPECT_EQ(counts.calls, (std::vector<int64_t>{0, 0, 0, 1, 0, 0}));
}

TEST_F(UpkeepTest, ACallEndsAfterADay) {
  const L call = JoinedCall(room_);
  Pass(absl::Hours(24) - absl::Seconds(1));
  EXPECT_EQ(Call(call.id()).status(), L::STATUS_PROGRESSING);
  Pass(absl::Seconds(1));
  EXPECT_EQ(Call(call.id()).hangup_reason(), L::HANGUP_REASON_MAX_AGE);
}

TEST_F(UpkeepTest, ADueScanTellsTheNextDeadline) {
  absl::Time next;
  core_->upkeep().RunDue([&](absl::StatusOr<absl::Time> time) { next = *time; });
  RunSteps();
  EXPECT_EQ(next, absl::InfiniteFuture());
  const L call = *CreateCall({Sleep(5'000)});
  core_->upkeep().RunDue([&](absl::StatusOr<absl::Time> time) { next = *time; });
  RunSteps();
  EXPECT_EQ(next, clock_.Now() + absl::Seconds(5));
}

TEST_F(UpkeepTest, OnlyTheThirdFailedCheckRemoves) {
  const L call = JoinedCall(room_);
  EXPECT_EQ(Sweep(), 0);
  // As if another process had left the room behind with a participant in it.
  const auto set_status = [&](v1::Conference::Status status) {
    store_->Submit(
        [&, status](Transaction& tx) -> absl::Status {
          auto record = *tx.conferences.Find(room_, Lock::kYes);
          record->mutable_conference()->set_status(status);
          return tx.conferences.Update(*record, record->revision());
        },
        [](const absl::Status& done) { EXPECT_TRUE(done.ok()); });
    RunSteps();
  };
  set_status(v1::Conference::STATUS_STARTING);
  EXPECT_EQ(Sweep(), 0);
  EXPECT_EQ(Sweep(), 0);
  set_status(v1::Conference::STATUS_PROGRESSING);
  EXPECT_EQ(Sweep(), 0);
  set_status(v1::Conference::STATUS_STARTING);
  EXPECT_EQ(Sweep(), 0);
  EXPECT_EQ(Sweep(), 0);
  EXPECT_EQ(Participant(call.id()).status(), P::STATUS_JOINED) << "a good check in between starts the count anew";
  EXPECT_EQ(Sweep(), 1);
  EXPECT_EQ(Participant(call.id()).leave_reason(), P::LEAVE_REASON_HEALTH_CHECK);
  EXPECT_EQ(Sweep(), 0);
}

TEST_F(UpkeepTest, WhatIsPastItsRetentionIsPurged) {
  const L call = JoinedCall(room_);
  ASSERT_TRUE(CreateConference({}, "key").ok());
  ASSERT_TRUE(DeleteConference(room_).ok());
  auto from_start = *core_->events().FindPoint(principal_, "conference:" + room_, 0, "");
  const std::string cursor = (*core_->events().Read(principal_, from_start, 1)).at(0).cursor();
  EXPECT_EQ(PurgeOnce(), 0);

  clock_.Advance(absl::Hours(24) + absl::Seconds(1));
  EXPECT_EQ(PurgeOnce(), 1) << "the key";
  clock_.Advance(absl::Hours(24 * 6));
  EXPECT_GT(PurgeOnce(), 0);
  EXPECT_EQ(ReasonOf(core_->events().FindPoint(principal_, "conference:" + room_, 0, "").status()), "EVENTS_PURGED");
  EXPECT_EQ(ReasonOf(core_->events().FindPoint(principal_, "", 0, cursor).status()), "EVENTS_PURGED");
  EXPECT_EQ(Room(room_).status(), v1::Conference::STATUS_TERMINATED);

  clock_.Advance(absl::Hours(24 * 23));
  while (PurgeOnce() > 0) {
  }
  EXPECT_EQ(ReasonOf(core_->conferences().Get(principal_, room_).status()), "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(core_->calls().Get(principal_, call.id()).status()), "CALL_NOT_FOUND");
  EXPECT_EQ(core_->conferencecalls().List(principal_, {})->result_size(), 0);
  EXPECT_EQ(ReasonOf(core_->events().FindPoint(principal_, "call:" + call.id(), 0, "").status()), "CALL_NOT_FOUND");
  EXPECT_EQ(core_->conferences().List(principal_, {})->result_size(), 1);
}

TEST_F(UpkeepTest, ALivingRoomsSequenceGoesOnAfterThePurge) {
  clock_.Advance(absl::Hours(24 * 40));
  while (PurgeOnce() > 0) {
  }
  const auto newest = *core_->events().FindPoint(principal_, "", 0, "");
  ASSERT_TRUE(DeleteConference(room_).ok());
  auto point = *core_->events().FindPoint(principal_, "conference:" + room_, 1, "");
  const auto events = *core_->events().Read(principal_, point, 10);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].sequence(), 2);
  auto all = newest;
  EXPECT_EQ(core_->events().Read(principal_, all, 10)->size(), 2u);
}

}  // namespace
}  // namespace tutti::control
