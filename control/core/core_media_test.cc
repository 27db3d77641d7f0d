#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "control/core/core_fixture.h"

namespace tutti::control {
namespace {

using L = v1::Call;
using P = v1::Conferencecall;

class CoreMediaTest : public CoreFixture {
 protected:
  void SetUp() override {
    CoreFixture::SetUp();
    room_ = CreateConference()->id();
  }
  absl::Status Handle(const NodeLease& lease, const std::string& epoch, const media::v1::NodeEvent& event) {
    absl::Status result = absl::UnknownError("");
    core_->HandleNodeEvents(lease, epoch, {event}, [&](absl::Status status) { result = std::move(status); });
    RunSteps();
    return result;
  }
  absl::StatusOr<NodeLease> Claim(const std::string& owner) {
    absl::StatusOr<NodeLease> claimed = absl::UnknownError("");
    core_->ClaimNode(node_.id(), owner, absl::Seconds(5), [&](absl::StatusOr<NodeLease> lease) { claimed = lease; });
    RunSteps();
    return claimed;
  }
  std::string room_;
};

TEST_F(CoreMediaTest, CommandsLeaveOnlyAfterTheCommit) {
  hold_commands_ = true;
  auto answer = std::make_shared<std::optional<absl::StatusOr<L>>>();
  StartCall({Join(room_)}, answer);
  EXPECT_TRUE(pending_.legs.empty());
  RunSteps();
  ASSERT_EQ(pending_.legs.size(), 1u);
  const LegCommand command = *core_->ReadLegCommand(pending_.legs[0]);
  EXPECT_EQ(command.node_id, node_.id());
  const auto& put = std::get<media::v1::PutLegRequest>(command.request);
  EXPECT_EQ(put.revision(), pending_.legs[0].revision);
  EXPECT_EQ(put.media_timeout_ms(), 30'000);
  EXPECT_EQ(put.bridge_id(), "");
}

TEST_F(CoreMediaTest, ACrashBetweenCommitAndCommandIsMendedByReconciling) {
  // Before the leg was put.
  hold_commands_ = true;
  auto answer = std::make_shared<std::optional<absl::StatusOr<L>>>();
  StartCall({Join(room_)}, answer);
  RunSteps();
  const std::string id = core_->ListCalls(principal_, {})->result(0).id();
  Restart();
  hold_commands_ = false;
  EXPECT_TRUE(node_.legs.empty());
  Connect();
  EXPECT_EQ(Call(id).status(), L::STATUS_PROGRESSING);
  EXPECT_EQ(Participant(id).status(), P::STATUS_JOINED);

  // Before it was detached, and the bridge removed.
  hold_commands_ = true;
  ASSERT_TRUE(DeleteConference(room_).ok());
  Restart();
  hold_commands_ = false;
  EXPECT_EQ(node_.legs.at(id).bridge_id(), room_);
  Connect();
  EXPECT_EQ(Room(room_).status(), v1::Conference::STATUS_TERMINATED);
  EXPECT_EQ(Call(id).status(), L::STATUS_HANGUP);
  EXPECT_TRUE(node_.legs.empty());
  EXPECT_TRUE(node_.bridges.empty());
  CheckInvariants();
}

TEST_F(CoreMediaTest, WhatHappenedWhileControlWasAwayIsLearntFromTheSnapshot) {
  hold_events_ = true;
  const L joins = *CreateCall({Join(room_)});
  ASSERT_EQ(Participant(joins.id()).status(), P::STATUS_JOINING);
  hold_events_ = false;
  // The events are lost: Connect drops them.
  Connect();
  EXPECT_EQ(Participant(joins.id()).status(), P::STATUS_JOINED);
  node_.legs.at(joins.id()).set_media_timed_out(true);
  Connect();
  EXPECT_EQ(Call(joins.id()).hangup_reason(), L::HANGUP_REASON_MEDIA_TIMEOUT);
  EXPECT_EQ(Participant(joins.id()).leave_reason(), P::LEAVE_REASON_MEDIA_TIMEOUT);
}

TEST_F(CoreMediaTest, ANewEpochLosesTheCallsAndKeepsTheRooms) {
  const L call = JoinedCall(room_);
  clock_.Advance(absl::Seconds(1));
  node_.Restart("epoch-2");
  Connect();
  EXPECT_EQ(Call(call.id()).status(), L::STATUS_HANGUP);
  EXPECT_EQ(Call(call.id()).hangup_reason(), L::HANGUP_REASON_MEDIA_NODE_LOST);
  EXPECT_EQ(Participant(call.id()).leave_reason(), P::LEAVE_REASON_MEDIA_NODE_LOST);
  EXPECT_EQ(Room(room_).status(), v1::Conference::STATUS_PROGRESSING);
  EXPECT_EQ(node_.bridges.count(room_), 1u) << "the bridge is put again";
  CheckInvariants();
  JoinedCall(room_);
}

TEST_F(CoreMediaTest, ASnapshotAskedForBeforeALegCameDoesNotLoseIt) {
  const NodeSnapshot early = node_.Snapshot(clock_.Now());
  const L call = JoinedCall(room_);
  core_->Reconcile(lease_, early, [](const absl::Status&) {});
  Settle();
  EXPECT_EQ(Call(call.id()).status(), L::STATUS_PROGRESSING);
  EXPECT_EQ(Participant(call.id()).status(), P::STATUS_JOINED);
  // Nor is what was heard since to be heard again.
  ASSERT_TRUE(Hangup(call.id()).ok());
  EXPECT_EQ(Claim("test")->sequence, node_.Snapshot(clock_.Now()).sequence);
}

TEST_F(CoreMediaTest, ANodeOutOfReachForGoodLosesItsCalls) {
  const L call = JoinedCall(room_);
  hold_commands_ = true;
  absl::Status lost = absl::UnknownError("");
  core_->NodeLost(lease_, [&](absl::Status status) { lost = std::move(status); });
  Settle();
  ASSERT_TRUE(lost.ok()) << lost;
  EXPECT_EQ(Call(call.id()).hangup_reason(), L::HANGUP_REASON_MEDIA_NODE_LOST);
  EXPECT_EQ(Room(room_).status(), v1::Conference::STATUS_PROGRESSING);
  CheckInvariants();
  // It comes back, with the leg that nobody wants any more, and the bridge of a
  // room that may need it again: what is removed can't be put again for a while.
  hold_commands_ = false;
  Connect();
  EXPECT_TRUE(node_.legs.empty());
  EXPECT_EQ(node_.bridges.count(room_), 1u);
  JoinedCall(room_);
  // Once the room is over, too, nothing is left.
  core_->NodeLost(lease_, [&](absl::Status status) { lost = std::move(status); });
  Settle();
  ASSERT_TRUE(DeleteConference(room_).ok());
  Connect();
  EXPECT_TRUE(node_.legs.empty());
  EXPECT_TRUE(node_.bridges.empty());
}

TEST_F(CoreMediaTest, ALegThatARestartedNodeMadeAnewEndsItsCall) {
  const L call = JoinedCall(room_);
  const L other = JoinedCall(room_);
  hold_events_ = true;
  node_.Restart("epoch-2");
  // A command that was on its way to the old one.
  Effects again;
  again.bridges.push_back({node_.id(), room_});
  again.legs.push_back({node_.id(), call.id()});
  OnCommit(again);
  Settle();
  EXPECT_EQ(Call(call.id()).hangup_reason(), L::HANGUP_REASON_MEDIA_NODE_LOST);
  // Or its reply was lost, and the snapshot shows it.
  ASSERT_TRUE(Hangup(call.id()).ok());
  const LegCommand command = *core_->ReadLegCommand({node_.id(), other.id()});
  ASSERT_TRUE(node_.Put(std::get<media::v1::PutLegRequest>(command.request)).ok());
  hold_events_ = false;
  Connect();
  EXPECT_EQ(Call(other.id()).hangup_reason(), L::HANGUP_REASON_MEDIA_NODE_LOST);
  EXPECT_TRUE(node_.legs.empty());
}

TEST_F(CoreMediaTest, TheLeavingOfOneBridgeIsNotThatOfTheNext) {
  const std::string second = CreateConference()->id();
  node_.ticks_itself = false;
  const L call = *CreateCall({Join(room_), Join(second), Sleep(100'000)});
  node_.Tick();
  Settle();
  ASSERT_TRUE(Kick(Participant(call.id()).id()).ok());
  // The node is slow: the next join's command meets the old bridge.
  Pass(absl::Seconds(11));
  EXPECT_EQ(Participant(call.id()).conference_id(), second);
  node_.Tick();
  Settle();
  EXPECT_EQ(Participant(call.id()).status(), P::STATUS_JOINED);
}

TEST_F(CoreMediaTest, ALegThatWasAcceptedAsItsNodeStartedAnewWasLostWithIt) {
  options_.clock_difference_max = absl::Seconds(1);
  Restart();
  Connect();
  const L call = JoinedCall(room_);
  node_.Restart("epoch-2");
  hold_commands_ = true;
  Reconcile();
  // It may have been accepted since.
  EXPECT_EQ(Call(call.id()).status(), L::STATUS_PROGRESSING);
  clock_.Advance(options_.clock_difference_max);
  Reconcile();
  EXPECT_EQ(Call(call.id()).status(), L::STATUS_HANGUP);
  EXPECT_EQ(Call(call.id()).hangup_reason(), L::HANGUP_REASON_MEDIA_NODE_LOST);
}

TEST_F(CoreMediaTest, AReplicasClockThatIsAheadLosesNoCall) {
  options_.clock_difference_max = absl::Seconds(1);
  Restart();
  Connect();
  // Taken before the call came; its time is of a clock that is half a second ahead.
  NodeSnapshot early = node_.Snapshot(clock_.Now() + absl::Milliseconds(500));
  const L call = JoinedCall(room_);
  core_->Reconcile(lease_, early, [](const absl::Status&) {});
  Settle();
  EXPECT_EQ(Call(call.id()).status(), L::STATUS_PROGRESSING);
  EXPECT_EQ(Participant(call.id()).status(), P::STATUS_JOINED);
}

TEST_F(CoreMediaTest, AnUnknownLegIsRemovedOnlyWhenItIsOld) {
  media::v1::PutBridgeRequest bridge;
  bridge.set_bridge_id("0190a000-0000-7000-8000-000000000002");
  bridge.set_revision(1);
  ASSERT_TRUE(node_.Put(bridge).ok());
  media::v1::PutLegRequest put;
  put.set_leg_id("0190a000-0000-7000-8000-000000000001");
  put.set_revision(1);
  ASSERT_TRUE(node_.Put(put).ok());
  Reconcile();
  clock_.Advance(absl::Seconds(29));
  Reconcile();
  EXPECT_EQ(node_.legs.size(), 1u);
  EXPECT_EQ(node_.bridges.size(), 1u);
  clock_.Advance(absl::Seconds(1));
  Reconcile();
  EXPECT_TRUE(node_.legs.empty());
  EXPECT_TRUE(node_.bridges.empty());
}

TEST_F(CoreMediaTest, AMediaTimeoutHangsUp) {
  const L call = JoinedCall(room_);
  node_.ReportMediaTimeout(call.id());
  Settle();
  EXPECT_EQ(Call(call.id()).status(), L::STATUS_HANGUP);
  EXPECT_EQ(Call(call.id()).hangup_by(), L::HANGUP_BY_REMOTE);
  EXPECT_EQ(Participant(call.id()).leave_reason(), P::LEAVE_REASON_MEDIA_TIMEOUT);
}

TEST_F(CoreMediaTest, EventsCountOnceInTheirOrder) {
  const L call = JoinedCall(room_);
  const size_t before = EventTypes("conference:" + room_).size();
  media::v1::NodeEvent event;
  event.mutable_leg_left()->set_leg_id(call.id());
  event.mutable_leg_left()->set_bridge_id(room_);
  event.mutable_leg_left()->set_revision(99);
  const int64_t last = node_.Snapshot(clock_.Now()).sequence;
  event.set_sequence(last);
  EXPECT_TRUE(Handle(lease_, "epoch-1", event).ok());
  EXPECT_EQ(EventTypes("conference:" + room_).size(), before) << "a repeated one does nothing";
  event.set_sequence(last + 2);
  EXPECT_EQ(ReasonOf(Handle(lease_, "epoch-1", event)), "SNAPSHOT_NEEDED");
  event.set_sequence(last + 1);
  EXPECT_EQ(ReasonOf(Handle(lease_, "epoch-9", event)), "SNAPSHOT_NEEDED");
  EXPECT_EQ(Participant(call.id()).status(), P::STATUS_JOINED);
  EXPECT_TRUE(Handle(lease_, "epoch-1", event).ok());
  EXPECT_EQ(Participant(call.id()).status(), P::STATUS_LEAVED);
  EXPECT_EQ(Claim("test")->sequence, last + 1);
}

TEST_F(CoreMediaTest, OneOwnerAtATimeSpeaksForANode) {
  EXPECT_EQ(ReasonOf(Claim("other").status()), "LEASE_HELD");
  absl::Status renewed = absl::UnknownError("");
  core_->RenewNode(lease_, absl::Seconds(5), [&](absl::Status status) { renewed = std::move(status); });
  RunSteps();
  EXPECT_TRUE(renewed.ok());
  LetLeasesRunOut();
  const NodeLease other = *Claim("other");
  EXPECT_GT(other.term, lease_.term);
  EXPECT_EQ(other.epoch, "epoch-1");
  media::v1::NodeEvent event;
  event.set_sequence(other.sequence + 1);
  event.mutable_resync();
  EXPECT_EQ(ReasonOf(Handle(lease_, "epoch-1", event)), "LEASE_LOST");
  EXPECT_TRUE(Handle(other, "epoch-1", event).ok());
  core_->RenewNode(lease_, absl::Seconds(5), [&](absl::Status status) { renewed = std::move(status); });
  RunSteps();
  EXPECT_EQ(ReasonOf(renewed), "LEASE_LOST");
  absl::Status reconciled;
  core_->Reconcile(lease_, node_.Snapshot(clock_.Now()), [&](absl::Status status) { reconciled = std::move(status); });
  RunSteps();
  EXPECT_EQ(ReasonOf(reconciled), "LEASE_LOST");
}

TEST_F(CoreMediaTest, ALegThatVanishesEndsItsCall) {
  const L call = JoinedCall(room_);
  clock_.Advance(absl::Seconds(1));
  node_.legs.clear();
  Reconcile();
  EXPECT_EQ(Call(call.id()).status(), L::STATUS_HANGUP);
  EXPECT_EQ(Call(call.id()).hangup_reason(), L::HANGUP_REASON_MEDIA_FAILED);
  CheckInvariants();
}

TEST_F(CoreMediaTest, ARefusedAttachmentLeavesTheRoomAndGoesOn) {
  hold_commands_ = true;
  auto answer = std::make_shared<std::optional<absl::StatusOr<L>>>();
  StartCall({Join(room_), Sleep(10'000)}, answer);
  RunSteps();
  const std::string id = pending_.legs.at(0).id;
  media::v1::LegState state;
  state.set_leg_id(id);
  state.set_revision(1);
  state.mutable_answer()->add_sections();
  core_->LegPut(node_.id(), state, [](const absl::Status&) {});
  RunSteps();
  ASSERT_EQ(Participant(id).status(), P::STATUS_JOINING);
  const int64_t revision = core_->FindLeg(principal_, id)->revision;
  const absl::Status why = Error(absl::StatusCode::kFailedPrecondition, "BRIDGE_NOT_FOUND", "no bridge");
  core_->LegRefused(node_.id(), id, revision - 1, why, [](const absl::Status&) {});
  RunSteps();
  EXPECT_EQ(Participant(id).status(), P::STATUS_JOINING) << "of a command that was overtaken";
  core_->LegRefused(node_.id(), id, revision, why, [](const absl::Status&) {});
  RunSteps();
  EXPECT_EQ(Participant(id).leave_reason(), P::LEAVE_REASON_MEDIA_FAILED);
  EXPECT_EQ(Call(id).status(), L::STATUS_PROGRESSING);
  CheckInvariants();
}

}  // namespace
}  // namespace tutti::control
