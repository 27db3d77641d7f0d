// What is sent again, and in which order.

#include <set>

#include "control/webhook/delivery_fixture.h"

namespace tutti::control {
namespace {

using D = v1::WebhookDelivery;

constexpr char kUri[] = "https://example.com/hook";

class ReplayTest : public DeliveryFixture {
 protected:
  void SetUp() override {
    CoreFixture::SetUp();
    engine_options_.attempts_max = 1;
    engine_options_.failures_max = 1'000;
  }

  v1::ReplayWebhookRequest Request(const std::string& webhook_id) {
    v1::ReplayWebhookRequest request;
    request.set_id(webhook_id);
    return request;
  }
  // Sequences, in the order of the requests.
  std::vector<int64_t> AnswerAll(int status) {
    std::vector<int64_t> sequences;
    while (Waiting() > 0) sequences.push_back(Sequence(Answer(status)));
    return sequences;
  }
};

using Sequences = std::vector<int64_t>;

TEST_F(ReplayTest, DeadLettersAreSentAgainWithTheirIds) {
  StartFirst();
  const std::string id = CreateWebhook(kUri)->id();
  EndedRoom();
  std::set<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.insert(Header(Answer(500), "webhook-id"));
  EXPECT_EQ(Waiting(), 0u);
  EXPECT_EQ(Replay(Request(id))->count(), 3);
  std::set<std::string> again;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(Waiting(), 1u);
    const HttpRequest request = Answer(200);
    EXPECT_EQ(Sequence(request), i + 1);
    again.insert(Header(request, "webhook-id"));
  }
  EXPECT_EQ(again, ids);
  const auto none = Replay(Request(id));
  EXPECT_EQ(none->count(), 0);
  EXPECT_EQ(none->next_page_token(), "");
  EXPECT_EQ(Waiting(), 0u);
}

TEST_F(ReplayTest, ADeadLetterGoesBeforeWhatCameLater) {
  StartFirst();
  const std::string id = CreateWebhook(kUri)->id();
  EndedRoom();
  EXPECT_EQ(Sequence(Answer(500)), 1);
  // 2 is under way.
  EXPECT_EQ(Replay(Request(id))->count(), 1);
  EXPECT_EQ(AnswerAll(200), (Sequences{2, 1, 3}));
}

TEST_F(ReplayTest, AStreamFromASequence) {
  StartFirst();
  const std::string id = CreateWebhook(kUri, {"conference_updated", "conference_deleted"})->id();
  const std::string room = EndedRoom();
  EXPECT_EQ(AnswerAll(200), (Sequences{2, 3}));
  v1::ReplayWebhookRequest request = Request(id);
  request.set_stream("conference:" + room);
  EXPECT_EQ(Replay(request)->count(), 2) << "only what its filter wants";
  EXPECT_EQ(AnswerAll(200), (Sequences{2, 3}));
  request.set_after_sequence(2);
  EXPECT_EQ(Replay(request)->count(), 1);
  EXPECT_EQ(AnswerAll(200), (Sequences{3}));
}

TEST_F(ReplayTest, EverythingSinceATimeAlsoWhatItNeverGot) {
  StartFirst();
  EndedRoom();
  PassTime(absl::Minutes(10));
  const absl::Time from = clock_.Now();
  EndedRoom();
  const std::string id = CreateWebhook(kUri)->id();
  v1::ReplayWebhookRequest request = Request(id);
  request.mutable_tm_from()->set_seconds(absl::ToUnixSeconds(from));
  EXPECT_EQ(Replay(request)->count(), 3);
  EXPECT_EQ(AnswerAll(200), (Sequences{1, 2, 3}));
  request.mutable_tm_from()->set_seconds(absl::ToUnixSeconds(from) - 3'600);
  EXPECT_EQ(Replay(request)->count(), 6);
  EXPECT_EQ(AnswerAll(200).size(), 6u);
  request.mutable_tm_from()->set_seconds(absl::ToUnixSeconds(from) + 3'600);
  EXPECT_EQ(Replay(request)->count(), 0);
}

TEST_F(ReplayTest, APageAtATime) {
  StartFirst();
  for (int i = 0; i < 501; ++i) {
    core_->conferences().Create(principal_, {}, "",
                                [](const absl::StatusOr<v1::Conference>& made) { ASSERT_TRUE(made.ok()); });
  }
  for (int i = 0; i < 501; ++i) {
    core_->conferences().Create(principal_, {}, "", [](const absl::StatusOr<v1::Conference>&) {});
    RunSteps();
  }
  const std::string id = CreateWebhook(kUri)->id();
  v1::ReplayWebhookRequest request = Request(id);
  request.mutable_tm_from()->set_seconds(1);
  const auto first = Replay(request);
  EXPECT_EQ(first->count(), 1'000);
  ASSERT_NE(first->next_page_token(), "");
  request.set_page_token(first->next_page_token());
  const auto second = Replay(request);
  EXPECT_EQ(second->count(), 2);
  EXPECT_EQ(second->next_page_token(), "");
  EXPECT_EQ(AnswerAll(200).size(), 1'002u);
  // For that request alone.
  request.mutable_tm_from()->set_seconds(2);
  EXPECT_EQ(ReasonOf(Replay(request).status()), "INVALID_REQUEST_PARAMETER");
}

TEST_F(ReplayTest, RefusesPointsThatAreNone) {
  StartFirst();
  const std::string id = CreateWebhook(kUri)->id();
  const std::string room = EndedRoom();
  const auto refused = [&](const std::function<void(v1::ReplayWebhookRequest&)>& change) {
    v1::ReplayWebhookRequest request = Request(id);
    change(request);
    return ReasonOf(Replay(request).status());
  };
  const std::string invalid = "INVALID_REQUEST_PARAMETER";
  EXPECT_EQ(refused([](auto& request) { request.set_id("x"); }), "INVALID_ID");
  EXPECT_EQ(refused([&](auto& request) { request.set_id(room); }), "WEBHOOK_NOT_FOUND");
  EXPECT_EQ(refused([](auto& request) { request.set_stream("conference:1"); }), invalid);
  EXPECT_EQ(refused([](auto& request) { request.set_after_sequence(1); }), invalid);
  EXPECT_EQ(refused([](auto& request) { request.set_page_token("x"); }), invalid);
  EXPECT_EQ(refused([&](auto& request) {
              request.set_stream("conference:" + room);
              request.set_after_sequence(-1);
            }),
            invalid);
  EXPECT_EQ(refused([&](auto& request) {
              request.set_stream("conference:" + room);
              request.mutable_tm_from()->set_seconds(1);
            }),
            invalid);
  // Another customer's stream.
  principal_.customer_id = "0198f2d0-0000-7000-8000-00000000000b";
  const std::string other = CreateWebhook(kUri)->id();
  EXPECT_EQ(refused([](auto&) {}), "WEBHOOK_NOT_FOUND");
  v1::ReplayWebhookRequest request = Request(other);
  request.set_stream("conference:" + room);
  EXPECT_EQ(ReasonOf(Replay(request).status()), invalid);
}

}  // namespace
}  // namespace tutti::control
