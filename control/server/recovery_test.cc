// What dies and what then holds.

#include "absl/strings/str_cat.h"
#include "control/server/server_fixture.h"

namespace tutti::control {
namespace {

class RecoveryTest : public ServerFixture {
 protected:
  void SetUp() override {
    StartControl();
    WaitForNode();
    room_ = CreateConference()->id();
  }

  std::string Join() {
    const int present = GetConference(room_)->participant_count();
    const auto call = CreateCall(room_);
    EXPECT_TRUE(call.ok()) << call.status();
    EXPECT_TRUE(HasJoined(room_, present + 1));
    // What comes next comes later.
    clock_.Advance(absl::Milliseconds(1));
    return call->id();
  }

  // The node asks for a reconcile; until it is over.
  void Resync() {
    const int begun = node_.WatchesBegun();
    node_.EmitResync();
    ASSERT_TRUE(WaitFor([&] { return node_.WatchesBegun() > begun; }));
  }

  std::string room_;
};

TEST_F(RecoveryTest, ControlComesBackToWhatItLeft) {
  const std::string a = Join();
  const std::string b = Join();
  StopControl();
  const size_t commands = node_.Commands().size();
  node_.EmitMediaTimeout(a);
  StartControl();
  // What happened meanwhile is told by the node's log.
  EXPECT_TRUE(HasHungUp(a, v1::Call::HANGUP_REASON_MEDIA_TIMEOUT));
  EXPECT_TRUE(HasJoined(room_, 1));
  EXPECT_EQ(GetCall(b)->status(), v1::Call::STATUS_PROGRESSING);
  EXPECT_EQ(node_.Leg(b)->bridge_id(), room_);
  EXPECT_TRUE(WaitFor([&] { return !node_.Leg(a).has_value(); }));
  // The call that goes on was not told anything else than before.
  for (size_t i = commands; i < node_.Commands().size(); ++i) {
    if (node_.Commands()[i].id != b) continue;
    EXPECT_EQ(node_.Commands()[i].bridge_id, room_);
  }
}

TEST_F(RecoveryTest, ALogThatIsTooShortIsMadeUpByASnapshot) {
  const std::string a = Join();
  const std::string b = Join();
  StopControl();
  node_.EmitMediaTimeout(a);
  node_.TruncateLog();
  StartControl();
  EXPECT_TRUE(HasHungUp(a, v1::Call::HANGUP_REASON_MEDIA_TIMEOUT));
  EXPECT_EQ(GetCall(b)->status(), v1::Call::STATUS_PROGRESSING);
}

TEST_F(RecoveryTest, ANodeThatStartsAnewHasLostItsCalls) {
  const std::string a = Join();
  node_.Kill();
  node_.Start();
  EXPECT_TRUE(HasHungUp(a, v1::Call::HANGUP_REASON_MEDIA_NODE_LOST));
  EXPECT_TRUE(HasJoined(room_, 0));
  EXPECT_EQ(GetConference(room_)->status(), v1::Conference::STATUS_PROGRESSING);
  EXPECT_EQ(ListConferencecalls(room_)->at(0).leave_reason(), v1::Conferencecall::LEAVE_REASON_MEDIA_NODE_LOST);
  WaitForNode();
  const std::string b = Join();
  EXPECT_EQ(node_.Leg(b)->bridge_id(), room_);
}

TEST_F(RecoveryTest, ABrokenConnectionHarmsNobody) {
  const std::string a = Join();
  const int64_t events = node_.LatestSequence();
  node_.BreakConnections();
  ASSERT_TRUE(WaitFor([this] { return node_.Watchers() == 1 && control_->IsNodeUp(kNodeId); }));
  const std::string b = Join();
  EXPECT_EQ(GetCall(a)->status(), v1::Call::STATUS_PROGRESSING);
  // One for each: nothing was attached a second time.
  EXPECT_EQ(node_.LatestSequence(), events + 1);
}

TEST_F(RecoveryTest, ANodeOutOfReachIsRefusedThenGivenUp) {
  const std::string a = Join();
  StopControl();
  options_.watcher.lost_after = absl::Milliseconds(400);
  StartControl();
  WaitForNode();
  node_.Kill();
  ASSERT_TRUE(WaitFor([this] { return !control_->IsNodeUp(kNodeId); }));
  const auto refused = CreateCall(room_);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable) << refused.status();
  EXPECT_TRUE(HasHungUp(a, v1::Call::HANGUP_REASON_MEDIA_NODE_LOST));
  EXPECT_EQ(GetConference(room_)->status(), v1::Conference::STATUS_PROGRESSING);
  node_.Start();
  WaitForNode();
  EXPECT_TRUE(CreateCall(room_).ok());
}

TEST_F(RecoveryTest, AResyncRemovesStrangersAndFindsTheLost) {
  const std::string a = Join();
  const std::string b = Join();
  const std::string stranger = "01890000-0000-7000-8000-0000000000ff";
  node_.AddUnknownLeg(stranger);
  node_.ForgetLeg(a);
  Resync();
  EXPECT_TRUE(HasHungUp(a, v1::Call::HANGUP_REASON_MEDIA_FAILED));
  EXPECT_EQ(GetCall(b)->status(), v1::Call::STATUS_PROGRESSING);
  EXPECT_TRUE(node_.Leg(stranger).has_value());
  // Known as a stranger from the first snapshot that showed it.
  clock_.Advance(absl::Seconds(31));
  Resync();
  EXPECT_TRUE(WaitFor([&] { return !node_.Leg(stranger).has_value(); }));
}

}  // namespace
}  // namespace tutti::control
