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
using Types = std::vector<std::string>;

class CallsTest : public CoreFixture {
 protected:
  void SetUp() override {
    CoreFixture::SetUp();
    room_ = CreateConference()->id();
  }
  std::string Create(L call) {
    v1::CreateCallRequest request;
    *request.mutable_call() = std::move(call);
    absl::Status status;
    core_->calls().Create(principal_, request, {}, "", [&](const absl::StatusOr<L>& made) { status = made.status(); });
    return ReasonOf(status);
  }
  std::string room_;
};

TEST_F(CallsTest, IsAnsweredAndThenRunsItsFlow) {
  const L call = *CreateCall({Plain("answer"), Join(room_)});
  EXPECT_EQ(call.status(), L::STATUS_PROGRESSING);
  EXPECT_EQ(call.sdp_answer(), "v=0 answer");
  EXPECT_EQ(call.direction(), L::DIRECTION_INCOMING);
  EXPECT_EQ(call.media_timeout(), 30);
  const P participant = Participant(call.id());
  EXPECT_EQ(participant.status(), P::STATUS_JOINED);
  EXPECT_EQ(participant.conference_id(), room_);
  EXPECT_EQ(participant.reference_type(), P::REFERENCE_TYPE_CALL);
  EXPECT_TRUE(IsUuid(participant.activeflow_id()));
  EXPECT_EQ(EventTypes("call:" + call.id()), (Types{"call_ringing", "call_progressing"}));
  EXPECT_EQ(EventTypes("conference:" + room_),
            (Types{"conference_created", "conferencecall_joining", "conferencecall_joined", "conference_updated"}));
  EXPECT_EQ(node_.legs.at(call.id()).bridge_id(), room_);
  CheckInvariants();
}

TEST_F(CallsTest, ChecksWhatIsAsked) {
  L good;
  good.set_type(L::TYPE_RTP);
  good.set_sdp_offer("v=0");
  *good.add_actions() = Plain("hangup");
  const auto reason_of = [&](auto set) {
    L call = good;
    set(call);
    return Create(call);
  };
  EXPECT_EQ(reason_of([](L& c) { c.clear_type(); }), "MISSING_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](L& c) { c.set_type(static_cast<L::Type>(9)); }), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](L& c) { c.clear_sdp_offer(); }), "MISSING_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](L& c) { c.set_sdp_offer(std::string(16 * 1024 + 1, 'x')); }), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](L& c) { c.set_source(std::string(256, 'x')); }), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](L& c) { c.set_media_timeout(86'401); }), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](L& c) { c.clear_actions(); }), "MISSING_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](L& c) { *c.add_actions() = Plain("fly"); }), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(core_->calls().List(principal_, {})->result_size(), 0);
}

TEST_F(CallsTest, ARefusedFirstJoinMakesNoCall) {
  const absl::Status status = CreateCall({Join("0190a000-0000-7000-8000-000000000001")}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status), "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(core_->calls().List(principal_, {})->result_size(), 0);
}

TEST_F(CallsTest, ARoomThatEndsWhileTheCallIsSetUpRefusesIt) {
  hold_commands_ = true;
  auto answer = std::make_shared<std::optional<absl::StatusOr<L>>>();
  StartCall({Join(room_)}, answer, "key");
  Settle();
  EXPECT_FALSE(answer->has_value());
  ASSERT_TRUE(DeleteConference(room_).ok());
  hold_commands_ = false;
  Settle();
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ(ReasonOf((*answer)->status()), "STATE_INVALID");
  EXPECT_TRUE(node_.legs.empty());
  CheckInvariants();
  // Only successes are kept under a key.
  EXPECT_EQ(ReasonOf(CreateCall({Join(room_)}, "key").status()), "STATE_INVALID");
  EXPECT_EQ(CreateCall({Sleep(5)}, "key")->status(), L::STATUS_PROGRESSING);
}

TEST_F(CallsTest, ALaterRefusedJoinLetsTheFlowGoOn) {
  const L call = *CreateCall({Plain("answer"), Join("0190a000-0000-7000-8000-000000000001"), Join(room_)});
  EXPECT_EQ(Participant(call.id()).status(), P::STATUS_JOINED);
}

TEST_F(CallsTest, TheMediaPlanesRefusalIsTheAnswer) {
  node_.refusal = Error(absl::StatusCode::kInvalidArgument, "MEDIA_NOT_SUPPORTED", "no common codec");
  const absl::Status status = CreateCall({Join(room_)}).status();
  EXPECT_EQ(ReasonOf(status), "MEDIA_NOT_SUPPORTED");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const auto list = *core_->calls().List(principal_, {});
  ASSERT_EQ(list.result_size(), 1);
  EXPECT_EQ(list.result(0).status(), L::STATUS_HANGUP);
  EXPECT_EQ(list.result(0).hangup_reason(), L::HANGUP_REASON_MEDIA_FAILED);
  EXPECT_EQ(EventTypes("call:" + list.result(0).id()), (Types{"call_ringing", "call_hangup"}));
}

TEST_F(CallsTest, TwinsOfOneKeyGetOneCall) {
  hold_commands_ = true;
  auto first = std::make_shared<std::optional<absl::StatusOr<L>>>();
  auto twin = std::make_shared<std::optional<absl::StatusOr<L>>>();
  StartCall({Join(room_)}, first, "key");
  StartCall({Join(room_)}, twin, "key");
  Settle();
  EXPECT_FALSE(twin->has_value());
  hold_commands_ = false;
  Settle();
  ASSERT_TRUE(first->has_value() && twin->has_value());
  EXPECT_EQ((**first)->SerializeAsString(), (**twin)->SerializeAsString());
  ASSERT_TRUE(Hangup((**first)->id()).ok());
  EXPECT_EQ(CreateCall({Join(room_)}, "key")->SerializeAsString(), (**first)->SerializeAsString());
  EXPECT_EQ(ReasonOf(CreateCall({Sleep(1)}, "key").status()), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(core_->calls().List(principal_, {})->result_size(), 1);
}

TEST_F(CallsTest, HangingUpTakesItOutOfTheRoomAtOnce) {
  const L call = JoinedCall(room_);
  hold_commands_ = true;
  const L ended = *Hangup(call.id());
  EXPECT_EQ(ended.status(), L::STATUS_TERMINATING);
  EXPECT_EQ(ended.hangup_by(), L::HANGUP_BY_LOCAL);
  EXPECT_EQ(ended.hangup_reason(), L::HANGUP_REASON_NORMAL);
  EXPECT_EQ(Participant(call.id()).status(), P::STATUS_LEAVED);
  EXPECT_EQ(Participant(call.id()).leave_reason(), P::LEAVE_REASON_HANGUP);
  EXPECT_EQ(Hangup(call.id())->status(), L::STATUS_TERMINATING);
  CheckInvariants();
  hold_commands_ = false;
  Settle();
  EXPECT_EQ(Call(call.id()).status(), L::STATUS_HANGUP);
  EXPECT_EQ(Call(call.id()).media_statistics().packets_received(), 1'234);
  EXPECT_EQ(Hangup(call.id())->status(), L::STATUS_HANGUP);
  EXPECT_EQ(EventTypes("call:" + call.id()),
            (Types{"call_ringing", "call_progressing", "call_terminating", "call_hangup"}));
  EXPECT_EQ(EventTypes("conference:" + room_),
            (Types{"conference_created", "conferencecall_joining", "conferencecall_joined", "conference_updated",
                   "conferencecall_leaved", "conference_updated"}));
}

TEST_F(CallsTest, HangingUpWhileItRingsAnswersWhoWaits) {
  hold_commands_ = true;
  auto answer = std::make_shared<std::optional<absl::StatusOr<L>>>();
  StartCall({Join(room_)}, answer);
  Settle();
  const std::string id = core_->calls().List(principal_, {})->result(0).id();
  ASSERT_TRUE(Hangup(id).ok());
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ(ReasonOf((*answer)->status()), "CALL_NOT_ANSWERED");
  hold_commands_ = false;
  Settle();
  EXPECT_EQ(Call(id).status(), L::STATUS_HANGUP);
  EXPECT_TRUE(node_.legs.empty());
}

TEST_F(CallsTest, AKickGoesOnWithTheFlow) {
  const L call = *CreateCall({Join(room_), Sleep(5'000)});
  const P participant = Participant(call.id());
  hold_commands_ = true;
  const P kicked = *Kick(participant.id());
  EXPECT_EQ(kicked.status(), P::STATUS_LEAVING);
  EXPECT_EQ(kicked.leave_reason(), P::LEAVE_REASON_KICKED);
  EXPECT_EQ(Kick(participant.id())->status(), P::STATUS_LEAVING);
  hold_commands_ = false;
  Settle();
  EXPECT_EQ(Participant(call.id()).status(), P::STATUS_LEAVED);
  EXPECT_EQ(Kick(participant.id())->leave_reason(), P::LEAVE_REASON_KICKED);
  EXPECT_EQ(Call(call.id()).status(), L::STATUS_PROGRESSING);
  EXPECT_EQ(node_.legs.at(call.id()).bridge_id(), "");
  Pass(absl::Seconds(5));
  EXPECT_EQ(Call(call.id()).hangup_reason(), L::HANGUP_REASON_FLOW_ENDED);
  EXPECT_EQ(EventTypes("conference:" + room_),
            (Types{"conference_created", "conferencecall_joining", "conferencecall_joined", "conference_updated",
                   "conferencecall_leaving", "conference_updated", "conferencecall_leaved"}));
}

TEST_F(CallsTest, AKickWhileJoiningNeverJoins) {
  hold_events_ = true;
  const L call = *CreateCall({Join(room_), Sleep(5'000)});
  const P participant = Participant(call.id());
  ASSERT_EQ(participant.status(), P::STATUS_JOINING);
  EXPECT_EQ(Kick(participant.id())->status(), P::STATUS_LEAVING);
  // The attachment that was under way is heard of only now.
  hold_events_ = false;
  Settle();
  EXPECT_EQ(Participant(call.id()).status(), P::STATUS_LEAVED);
  EXPECT_EQ(EventTypes("conference:" + room_),
            (Types{"conference_created", "conferencecall_joining", "conferencecall_leaving", "conferencecall_leaved"}));
  CheckInvariants();
}

TEST_F(CallsTest, TheSameRoomCanBeEnteredAgain) {
  const L call = *CreateCall({Join(room_), Join(room_), Sleep(1'000)});
  const P first = Participant(call.id());
  ASSERT_TRUE(Kick(first.id()).ok());
  const P second = Participant(call.id());
  EXPECT_NE(second.id(), first.id());
  EXPECT_EQ(second.status(), P::STATUS_JOINED);
  EXPECT_EQ(Room(room_).participant_count(), 1);
  // What is still to come of the first one's attachment does not touch the second.
  media::v1::NodeEvent late;
  late.set_sequence(node_.Snapshot(clock_.Now()).sequence + 1);
  late.mutable_leg_left()->set_leg_id(call.id());
  late.mutable_leg_left()->set_bridge_id(room_);
  late.mutable_leg_left()->set_revision(2);
  core_->media_nodes().HandleEvents(lease_, node_.epoch(), {late},
                                    [](const absl::Status& status) { EXPECT_TRUE(status.ok()); });
  RunSteps();
  EXPECT_EQ(Participant(call.id()).status(), P::STATUS_JOINED);
}

TEST_F(CallsTest, TheActionsAreRunInOrder) {
  const L call = *CreateCall({Sleep(1'000), Join(room_), Plain("hangup"), Sleep(1'000)});
  EXPECT_EQ(Participant(call.id()).id(), "");
  Pass(absl::Milliseconds(999));
  EXPECT_EQ(Participant(call.id()).id(), "");
  // Where it is, is kept over a restart.
  Restart();
  Connect();
  Pass(absl::Milliseconds(1));
  ASSERT_EQ(Participant(call.id()).status(), P::STATUS_JOINED);
  ASSERT_TRUE(Kick(Participant(call.id()).id()).ok());
  EXPECT_EQ(Call(call.id()).status(), L::STATUS_HANGUP);
  EXPECT_EQ(Call(call.id()).hangup_reason(), L::HANGUP_REASON_NORMAL);
}

TEST_F(CallsTest, ControlEndingAnswersWhoWaits) {
  hold_commands_ = true;
  auto answer = std::make_shared<std::optional<absl::StatusOr<L>>>();
  StartCall({Join(room_)}, answer);
  Settle();
  core_ = nullptr;
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ(ReasonOf((*answer)->status()), "SHUTTING_DOWN");
}

TEST_F(CallsTest, UnknownIdsAndWrongOnesAreToldApart) {
  EXPECT_EQ(ReasonOf(core_->calls().Get(principal_, "7").status()), "INVALID_ID");
  EXPECT_EQ(ReasonOf(core_->calls().Get(principal_, room_).status()), "CALL_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Hangup(room_).status()), "CALL_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Kick(room_).status()), "CONFERENCECALL_NOT_FOUND");
  EXPECT_EQ(ReasonOf(core_->conferencecalls().Get(principal_, "7").status()), "INVALID_ID");
}

}  // namespace
}  // namespace tutti::control
