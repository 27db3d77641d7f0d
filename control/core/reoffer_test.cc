#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "control/core/core_fixture.h"

// RFC 3264 section 8: another offer of a call that goes on.

namespace tutti::control {
namespace {

using L = v1::Call;
using P = v1::Conferencecall;
using Types = std::vector<std::string>;

class ReofferTest : public CoreFixture {
 protected:
  void SetUp() override {
    CoreFixture::SetUp();
    room_ = CreateConference()->id();
    call_ = JoinedCall(room_).id();
    first_offer_ = node_.offers.at(call_).SerializeAsString();
  }

  CallAnswer Start(const std::string& sdp_offer, uint32_t port) {
    auto answer = std::make_shared<std::optional<absl::StatusOr<L>>>();
    v1::ReofferCallRequest request;
    request.set_id(call_);
    request.set_sdp_offer(sdp_offer);
    core_->calls().Reoffer(principal_, request, Description(port),
                           [answer](absl::StatusOr<L> call) { *answer = call; });
    Settle();
    return answer;
  }

  static media::v1::MediaDescription Description(uint32_t port) {
    media::v1::MediaDescription description;
    description.add_sections()->set_rtp_port(port);
    return description;
  }

  uint32_t OfferedPort() { return node_.offers.at(call_).sections(0).rtp_port(); }

  std::string room_;
  std::string call_;
  std::string first_offer_;
};

TEST_F(ReofferTest, IsAnsweredOnceTheMediaPlaneHasTakenIt) {
  hold_commands_ = true;
  const CallAnswer answer = Start("v=0 second", 4'000);
  EXPECT_FALSE(answer->has_value());
  EXPECT_NE(Call(call_).sdp_offer(), "v=0 second") << "what counts is the offer that was taken";
  hold_commands_ = false;
  Settle();
  ASSERT_TRUE(answer->has_value());
  ASSERT_TRUE((*answer)->ok()) << (*answer)->status();
  EXPECT_EQ((**answer)->sdp_offer(), "v=0 second");
  EXPECT_EQ((**answer)->sdp_answer(), "v=0 answer 2");
  EXPECT_EQ(Call(call_).sdp_answer(), "v=0 answer 2");
  EXPECT_EQ(OfferedPort(), 4'000u);
  EXPECT_EQ(EventTypes("call:" + call_), (Types{"call_ringing", "call_progressing", "call_updated"}));
  EXPECT_EQ(Participant(call_).status(), P::STATUS_JOINED) << "nobody leaves for it";
  EXPECT_EQ((**Start("v=0 third", 5'000))->sdp_answer(), "v=0 answer 3");
  CheckInvariants();
}

TEST_F(ReofferTest, ARefusedOneLeavesTheCallAsItWas) {
  node_.refusal = Error(absl::StatusCode::kInvalidArgument, "MEDIA_NOT_SUPPORTED", "no common codec");
  const CallAnswer answer = Start("v=0 second", 4'000);
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ(ReasonOf((*answer)->status()), "MEDIA_NOT_SUPPORTED");
  EXPECT_EQ(Call(call_).sdp_answer(), "v=0 answer");
  EXPECT_EQ(Call(call_).status(), L::STATUS_PROGRESSING);
  EXPECT_EQ(Participant(call_).status(), P::STATUS_JOINED);
  EXPECT_EQ(node_.offers.at(call_).SerializeAsString(), first_offer_);
  EXPECT_EQ(EventTypes("call:" + call_), (Types{"call_ringing", "call_progressing"}));
  EXPECT_TRUE((*Start("v=0 third", 5'000))->ok());
}

TEST_F(ReofferTest, OneAtATimeAndOnlyWhileTheCallGoesOn) {
  hold_commands_ = true;
  const CallAnswer first = Start("v=0 second", 4'000);
  EXPECT_EQ(ReasonOf((*Start("v=0 third", 5'000))->status()), "REOFFER_PENDING");
  EXPECT_FALSE(first->has_value());
  ASSERT_TRUE(Hangup(call_).ok());
  ASSERT_TRUE(first->has_value()) << "who waits is told of the end";
  EXPECT_EQ(ReasonOf((*first)->status()), "STATE_INVALID");
  hold_commands_ = false;
  Settle();
  EXPECT_EQ(ReasonOf((*Start("v=0 third", 5'000))->status()), "STATE_INVALID");
  EXPECT_EQ(ReasonOf((*Start("", 5'000))->status()), "MISSING_REQUEST_PARAMETER");
  call_ = "0190a000-0000-7000-8000-000000000001";
  EXPECT_EQ(ReasonOf((*Start("v=0 third", 5'000))->status()), "CALL_NOT_FOUND");
}

// Another replica heard the refusal: who waits here finds the old offer in the row.
TEST_F(ReofferTest, OneRefusedElsewhereIsNoSuccess) {
  hold_commands_ = true;
  const CallAnswer answer = Start("v=0 second", 4'000);
  ASSERT_EQ(pending_.legs.size(), 1u);
  {
    Core other(*store_, clock_, *ids_, *this, *this, nullptr, options_);
    other.media_commands().LegRefused(
        node_.id(), call_, pending_.legs[0].revision,
        Error(absl::StatusCode::kInvalidArgument, "MEDIA_NOT_SUPPORTED", "no common codec"),
        [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
    RunSteps();
  }
  EXPECT_FALSE(answer->has_value());
  ASSERT_TRUE(core_->upkeep().PollWaiters().ok());
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ(ReasonOf((*answer)->status()), "REOFFER_REFUSED");
}

TEST_F(ReofferTest, IsTakenAfterControlsRestart) {
  hold_commands_ = true;
  Start("v=0 second", 4'000);
  Restart();
  hold_commands_ = false;
  Connect();
  EXPECT_EQ(Call(call_).sdp_offer(), "v=0 second");
  EXPECT_EQ(Call(call_).sdp_answer(), "v=0 answer 2");
  EXPECT_EQ(OfferedPort(), 4'000u);
}

// The media plane has carried it out, and its reply was lost.
TEST_F(ReofferTest, IsTakenFromASnapshot) {
  hold_commands_ = true;
  Start("v=0 second", 4'000);
  ASSERT_EQ(pending_.legs.size(), 1u);
  const auto command = *core_->media_commands().ReadLeg(pending_.legs[0]);
  ASSERT_TRUE(node_.Put(std::get<media::v1::PutLegRequest>(command.request)).ok());
  Restart();
  hold_commands_ = false;
  Connect();
  EXPECT_EQ(Call(call_).sdp_answer(), "v=0 answer 2");
}

TEST_F(ReofferTest, AKickMeanwhileTakesTheOfferAlong) {
  hold_commands_ = true;
  const CallAnswer answer = Start("v=0 second", 4'000);
  ASSERT_TRUE(Kick(Participant(call_).id()).ok());
  hold_commands_ = false;
  Settle();
  ASSERT_TRUE(answer->has_value());
  EXPECT_TRUE((*answer)->ok());
  EXPECT_EQ(OfferedPort(), 4'000u);
  EXPECT_EQ(Participant(call_).status(), P::STATUS_LEAVED);
  CheckInvariants();
}

// The refused command also took the call out of the bridge: that is still wanted.
TEST_F(ReofferTest, AKickMeanwhileIsNotRefusedWithIt) {
  const std::string other = CreateConference()->id();
  call_ = CreateCall({Join(room_), Join(other)})->id();
  hold_commands_ = true;
  node_.refusal = Error(absl::StatusCode::kInvalidArgument, "MEDIA_NOT_SUPPORTED", "no common codec");
  const CallAnswer answer = Start("v=0 second", 4'000);
  ASSERT_TRUE(Kick(Participant(call_).id()).ok());
  // One command for both, as the dispatcher sends it.
  pending_.legs.resize(1);
  hold_commands_ = false;
  Settle();
  EXPECT_EQ(ReasonOf((*answer)->status()), "MEDIA_NOT_SUPPORTED");
  EXPECT_EQ(node_.legs.at(call_).bridge_id(), other);
  EXPECT_EQ(Call(call_).status(), L::STATUS_PROGRESSING);
  CheckInvariants();
}

}  // namespace
}  // namespace tutti::control
