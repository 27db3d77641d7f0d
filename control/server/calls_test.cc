// Requests through gRPC, the store and the media node, and their errors.

#include <algorithm>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "control/server/server_fixture.h"

namespace tutti::control {
namespace {

std::string Reason(const absl::Status& status) { return GetErrorDetail(status).reason; }

class CallsTest : public ServerFixture {
 protected:
  void SetUp() override {
    StartControl();
    WaitForNode();
  }

  // The node's commands as "PutLeg <leg> <bridge>", without ids that are not known.
  std::vector<std::string> CommandsOf(const std::string& id) {
    std::vector<std::string> result;
    for (const auto& command : node_.Commands()) {
      if (command.id == id) result.push_back(absl::StrCat(command.method, " ", command.bridge_id));
    }
    return result;
  }
};

TEST_F(CallsTest, ATraceGoesOnToTheMediaNode) {
  constexpr char kTraceparent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const auto room = CreateConference();
  const auto traced = CreateCall(room->id(), {{"traceparent", kTraceparent}});
  ASSERT_TRUE(traced.ok()) << traced.status();
  const auto untraced = CreateCall(room->id(), {{"traceparent", "what is this"}});
  ASSERT_TRUE(untraced.ok()) << untraced.status();
  ASSERT_TRUE(HasJoined(room->id(), 2));
  for (const auto& command : node_.Commands()) {
    const bool is_traced = command.id == traced->id() || command.id == room->id();
    EXPECT_EQ(command.traceparent, is_traced ? kTraceparent : "") << command.method << " " << command.id;
  }
}

TEST_F(CallsTest, TwoCallsMeetAndLeave) {
  const auto room = CreateConference();
  ASSERT_TRUE(room.ok()) << room.status();
  EXPECT_EQ(room->status(), v1::Conference::STATUS_PROGRESSING);
  const auto a = CreateCall(room->id());
  ASSERT_TRUE(a.ok()) << a.status();
  EXPECT_EQ(a->status(), v1::Call::STATUS_PROGRESSING);
  EXPECT_TRUE(absl::StrContains(a->sdp_answer(), "m=audio 1")) << a->sdp_answer();
  EXPECT_TRUE(absl::StrContains(a->sdp_answer(), "c=IN IP4 127.0.0.1")) << a->sdp_answer();
  const auto b = CreateCall(room->id());
  ASSERT_TRUE(b.ok()) << b.status();
  ASSERT_TRUE(HasJoined(room->id(), 2));
  EXPECT_EQ(GetConference(room->id())->conferencecall_ids_size(), 2);
  EXPECT_EQ(node_.Leg(a->id())->bridge_id(), room->id());
  EXPECT_EQ(node_.Leg(b->id())->bridge_id(), room->id());

  // Answered first, then into a bridge that is there.
  const auto legs = CommandsOf(a->id());
  ASSERT_GE(legs.size(), 2u);
  EXPECT_EQ(legs.front(), "PutLeg ");
  EXPECT_EQ(legs.back(), absl::StrCat("PutLeg ", room->id()));
  const auto commands = node_.Commands();
  const auto bridge =
      std::find_if(commands.begin(), commands.end(), [](const auto& c) { return c.method == "PutBridge"; });
  const auto entry = std::find_if(commands.begin(), commands.end(), [](const auto& c) { return !c.bridge_id.empty(); });
  EXPECT_LT(bridge - commands.begin(), entry - commands.begin());

  const auto participants = ListConferencecalls(room->id());
  ASSERT_EQ(participants->size(), 2u);
  for (const auto& participant : *participants) {
    if (participant.reference_id() != a->id()) continue;
    ASSERT_TRUE(Kick(participant.id()).ok());
  }
  EXPECT_TRUE(HasHungUp(a->id(), v1::Call::HANGUP_REASON_FLOW_ENDED));
  EXPECT_TRUE(HasJoined(room->id(), 1));
  ASSERT_TRUE(HangupCall(b->id()).ok());
  EXPECT_TRUE(HasHungUp(b->id(), v1::Call::HANGUP_REASON_NORMAL));
  EXPECT_TRUE(WaitFor([this] { return node_.LegCount() == 0; }));
  const auto deleted = DeleteConference(room->id());
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(deleted->status(), v1::Conference::STATUS_TERMINATED);
  EXPECT_TRUE(WaitFor([this] { return node_.BridgeCount() == 0; }));
  EXPECT_EQ(node_.InProgressMax(), 1);
}

TEST_F(CallsTest, BadRequestsAreRefusedWithAReason) {
  EXPECT_EQ(Reason(GetConference("x").status()), "INVALID_ID");
  EXPECT_EQ(Reason(GetCall("01890000-0000-7000-8000-000000000000").status()), "CALL_NOT_FOUND");
  EXPECT_EQ(Reason(Kick("01890000-0000-7000-8000-000000000000").status()), "CONFERENCECALL_NOT_FOUND");
  const auto unknown = CreateCall("01890000-0000-7000-8000-000000000000");
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Reason(unknown.status()), "CONFERENCE_NOT_FOUND");

  v1::Call call = JoiningCall(CreateConference()->id());
  call.set_sdp_offer("v=0\r\nm=audio nonsense");
  EXPECT_EQ(Reason(CreateCall(call).status()), "INVALID_SDP");
  EXPECT_EQ(CreateCall(call).status().code(), absl::StatusCode::kInvalidArgument);
  call.clear_sdp_offer();
  EXPECT_EQ(Reason(CreateCall(call).status()), "MISSING_REQUEST_PARAMETER");
  call.set_sdp_offer(kOffer);
  call.clear_actions();
  EXPECT_EQ(CreateCall(call).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(node_.LegCount(), 0);
}

TEST_F(CallsTest, AnIdempotencyKeyMakesOneCall) {
  const auto room = CreateConference();
  const auto first = CreateCall(room->id(), {{"idempotency-key", "k1"}});
  ASSERT_TRUE(first.ok()) << first.status();
  const auto again = CreateCall(room->id(), {{"idempotency-key", "k1"}});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->id(), first->id());
  EXPECT_EQ(again->sdp_answer(), first->sdp_answer());
  EXPECT_EQ(node_.LegCount(), 1);
  const auto other = CreateCall(CreateConference()->id(), {{"idempotency-key", "k1"}});
  EXPECT_EQ(other.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Reason(CreateConference({}, {{"idempotency-key", std::string(129, 'k')}}).status()),
            "INVALID_REQUEST_PARAMETER");
}

TEST_F(CallsTest, AProgressingCallShowsTheStatisticsOfNow) {
  const auto call = CreateCall(CreateConference()->id());
  ASSERT_TRUE(call.ok()) << call.status();
  media::v1::LegStatistics statistics;
  statistics.set_codec("PCMU/8000");
  statistics.set_packets_received(42);
  node_.SetStatistics(call->id(), statistics);
  EXPECT_EQ(GetCall(call->id())->media_statistics().packets_received(), 42);
  statistics.set_packets_received(43);
  node_.SetStatistics(call->id(), statistics);
  EXPECT_EQ(GetCall(call->id())->media_statistics().packets_received(), 43);
}

TEST_F(CallsTest, ATransientErrorOfTheNodeIsTriedAgain) {
  node_.Fail("PutLeg", 2, {grpc::StatusCode::UNAVAILABLE, "starting"});
  const auto call = CreateCall(CreateConference()->id());
  EXPECT_TRUE(call.ok()) << call.status();
}

TEST_F(CallsTest, ABridgeGoesBeforeItsLegs) {
  node_.Fail("PutBridge", 2, {grpc::StatusCode::UNAVAILABLE, "starting"});
  const std::string room = CreateConference()->id();
  const auto call = CreateCall(room);
  ASSERT_TRUE(HasJoined(room, 1));
  const auto commands = node_.Commands();
  std::vector<std::string> methods;
  for (const auto& command : commands) {
    if (command.id == room || command.bridge_id == room) methods.push_back(command.method);
  }
  EXPECT_EQ(methods, (std::vector<std::string>{"PutBridge", "PutBridge", "PutBridge", "PutLeg"}));
}

TEST_F(CallsTest, ABusyNodeRefusesTheCall) {
  node_.Fail("PutLeg", 100, ToGrpcStatus(Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY", "no port")));
  const auto call = CreateCall(CreateConference()->id());
  EXPECT_EQ(call.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Reason(call.status()), "MEDIA_NODE_BUSY");
}

TEST_F(CallsTest, ASlowNodeHoldsUpOnlyItsCalls) {
  node_.HoldReplies(true);
  const std::string room = CreateConference()->id();
  absl::StatusOr<v1::Call> call;
  std::thread caller([&] { call = CreateCall(room); });
  ASSERT_TRUE(WaitFor([this] { return node_.LegCount() == 1; }));
  EXPECT_TRUE(CreateConference().ok());
  EXPECT_TRUE(GetConference(room).ok());
  node_.HoldReplies(false);
  caller.join();
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_TRUE(HasJoined(room, 1));
  EXPECT_EQ(node_.InProgressMax(), 1);
}

TEST_F(CallsTest, AConferenceEndsAtItsTimeout) {
  v1::Conference wanted;
  wanted.set_timeout(60);
  const auto room = CreateConference(wanted);
  const auto call = CreateCall(room->id());
  ASSERT_TRUE(HasJoined(room->id(), 1));
  clock_.Advance(absl::Seconds(59));
  EXPECT_EQ(GetConference(room->id())->status(), v1::Conference::STATUS_PROGRESSING);
  clock_.Advance(absl::Seconds(2));
  EXPECT_TRUE(WaitFor([&] { return GetConference(room->id())->status() == v1::Conference::STATUS_TERMINATED; }));
  EXPECT_EQ(GetConference(room->id())->end_reason(), v1::Conference::END_REASON_TIMEOUT);
  EXPECT_TRUE(HasHungUp(call->id(), v1::Call::HANGUP_REASON_FLOW_ENDED));
}

TEST_F(CallsTest, AMediaTimeoutHangsUp) {
  const auto room = CreateConference();
  const auto call = CreateCall(room->id());
  ASSERT_TRUE(HasJoined(room->id(), 1));
  node_.EmitMediaTimeout(call->id());
  EXPECT_TRUE(HasHungUp(call->id(), v1::Call::HANGUP_REASON_MEDIA_TIMEOUT));
  EXPECT_TRUE(HasJoined(room->id(), 0));
}

TEST_F(CallsTest, APortThatIsTakenIsOneSentence) {
  ControlServer::Options other = options_;
  other.data_dir = data_dir_ + "/other";
  other.grpc_listen = absl::StrCat("127.0.0.1:", control_->GrpcPort());
  const auto taken = ControlServer::Start(other, clock_);
  EXPECT_EQ(taken.status().code(), absl::StatusCode::kUnavailable) << taken.status();
}

}  // namespace
}  // namespace tutti::control
