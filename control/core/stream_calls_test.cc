#include <string>

#include "control/core/core_fixture.h"

namespace tutti::control {
namespace {

using L = v1::Call;

constexpr char kToken[] = "0123456789abcdef0123456789abcdef";

class StreamCallsTest : public CoreFixture {
 protected:
  void SetUp() override {
    CoreFixture::SetUp();
    room_ = CreateConference()->id();
  }
  absl::StatusOr<L> Open(v1::OpenMediaStreamRequest request = {}) {
    if (request.id().empty()) request.set_id(room_);
    absl::StatusOr<L> answer = absl::UnknownError("not answered");
    core_->calls().CreateStream(principal_, request, kToken, [&](absl::StatusOr<L> call) { answer = std::move(call); });
    Settle();
    return answer;
  }
  absl::StatusOr<MediaRef> Place() {
    absl::StatusOr<MediaRef> answer = absl::UnknownError("not answered");
    core_->conferences().PlaceBridge(principal_, room_, [&](absl::StatusOr<MediaRef> ref) { answer = std::move(ref); });
    Settle();
    return answer;
  }

  std::string room_;
};

TEST_F(StreamCallsTest, IsACallThatJoins) {
  v1::OpenMediaStreamRequest request;
  request.set_rate(8'000);
  request.set_source("bot");
  const auto call = Open(request);
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->type(), L::TYPE_WEBSOCKET);
  EXPECT_EQ(call->status(), L::STATUS_PROGRESSING);
  EXPECT_EQ(call->sdp_answer(), "");
  EXPECT_EQ(call->media_timeout(), 0);
  EXPECT_EQ(Participant(call->id()).status(), v1::Conferencecall::STATUS_JOINED);
  EXPECT_EQ(node_.leg_tokens.at(call->id()), kToken);
  EXPECT_FALSE(node_.offers.at(call->id()).sections_size() > 0);
  CheckInvariants();
}

TEST_F(StreamCallsTest, ItsEndIsAHangup) {
  const L call = *Open();
  node_.CloseStream(call.id());
  Settle();
  EXPECT_EQ(Call(call.id()).status(), L::STATUS_HANGUP);
  EXPECT_EQ(Call(call.id()).hangup_by(), L::HANGUP_BY_REMOTE);
  EXPECT_EQ(Call(call.id()).hangup_reason(), L::HANGUP_REASON_STREAM_CLOSED);
  EXPECT_TRUE(node_.legs.empty());
  CheckInvariants();
}

TEST_F(StreamCallsTest, ItsEndIsKnownAlsoWhereItsEventWasLost) {
  const L call = *Open();
  hold_events_ = true;
  node_.CloseStream(call.id());
  Reconcile();
  EXPECT_EQ(Call(call.id()).hangup_reason(), L::HANGUP_REASON_STREAM_CLOSED);
}

TEST_F(StreamCallsTest, ANewProcessOfItsNodeEndsIt) {
  const L call = *Open();
  clock_.Advance(absl::Seconds(2));
  node_.Restart("epoch-2");
  Connect();
  EXPECT_EQ(Call(call.id()).hangup_reason(), L::HANGUP_REASON_MEDIA_NODE_LOST);
  CheckInvariants();
}

TEST_F(StreamCallsTest, HasNoOffer) {
  const L call = *Open();
  v1::ReofferCallRequest request;
  request.set_id(call.id());
  request.set_sdp_offer("v=0 offer");
  absl::StatusOr<L> answer = absl::UnknownError("not answered");
  core_->calls().Reoffer(principal_, request, {}, [&](absl::StatusOr<L> got) { answer = std::move(got); });
  Settle();
  EXPECT_EQ(ReasonOf(answer.status()), "STATE_INVALID");
  EXPECT_EQ(Call(call.id()).status(), L::STATUS_PROGRESSING);
}

TEST_F(StreamCallsTest, ChecksWhatIsAsked) {
  const auto reason_of = [&](auto set) {
    v1::OpenMediaStreamRequest request;
    set(request);
    return ReasonOf(Open(request).status());
  };
  EXPECT_EQ(reason_of([](auto& r) { r.set_id("x"); }), "INVALID_ID");
  EXPECT_EQ(reason_of([](auto& r) { r.set_id("00000000-0000-7000-8000-0000000000aa"); }), "CONFERENCE_NOT_FOUND");
  EXPECT_EQ(reason_of([](auto& r) { r.set_rate(48'000); }), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](auto& r) { r.set_source(std::string(256, 'x')); }), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(reason_of([](auto& r) { r.set_pin("x"); }), "INVALID_REQUEST_PARAMETER");
}

TEST_F(StreamCallsTest, AListenerPutsTheBridgeOnANode) {
  const auto ref = Place();
  ASSERT_TRUE(ref.ok()) << ref.status();
  EXPECT_EQ(ref->node_id, node_.id());
  EXPECT_TRUE(node_.bridges.contains(room_));
  // Nobody is told of it, and it costs nothing again.
  EXPECT_EQ(EventTypes("conference:" + room_).size(), 1u);
  const int commits = commits_with_effects_;
  ASSERT_TRUE(Place().ok());
  EXPECT_EQ(commits_with_effects_, commits);
  ASSERT_TRUE(DeleteConference(room_).ok());
  EXPECT_TRUE(node_.bridges.empty());
  EXPECT_EQ(ReasonOf(Place().status()), "STATE_INVALID");
  principal_.customer_id = "00000000-0000-7000-8000-0000000000ff";
  EXPECT_EQ(ReasonOf(Place().status()), "CONFERENCE_NOT_FOUND");
}

}  // namespace
}  // namespace tutti::control
