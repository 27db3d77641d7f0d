// What leaves, when, and how often.

#include "control/webhook/delivery_engine.h"

#include <map>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/trace/trace_context.h"
#include "control/webhook/delivery_fixture.h"
#include "control/webhook/signature.h"

namespace tutti::control {
namespace {

using D = v1::WebhookDelivery;
using What = DeliveryEngine::Report::What;

constexpr char kUri[] = "https://example.com/hook";
constexpr char kOther[] = "https://other.example.com/hook";

class DeliveryEngineTest : public DeliveryFixture {
 protected:
  // Of one webhook, in the order of the events; "pdx" by state.
  std::string States(const std::string& id) {
    std::string states;
    for (const D& delivery : Deliveries(id)) states.insert(states.begin(), " pdx"[delivery.state()]);
    return states;
  }
};

TEST_F(DeliveryEngineTest, SendsAStreamsEventsInOrderOneAtATime) {
  StartFirst();
  const auto webhook = CreateWebhook(kUri);
  ASSERT_TRUE(webhook.ok()) << webhook.status();
  const std::string room = EndedRoom();
  std::set<std::string> ids;
  for (int sequence = 1; sequence <= 3; ++sequence) {
    ASSERT_EQ(Waiting(), 1u);
    const HttpRequest request = Answer(sequence == 2 ? 204 : 200);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.url, kUri);
    const auto body = Body(request);
    EXPECT_EQ(body["sequence"], sequence);
    EXPECT_EQ(body["stream"], "conference:" + room);
    EXPECT_EQ(body["data"]["id"], room);
    EXPECT_EQ(Header(request, "Content-Type"), "application/json");
    EXPECT_EQ(Header(request, "webhook-id"), body["id"]);
    int64_t seconds = 0;
    ASSERT_TRUE(absl::SimpleAtoi(Header(request, "webhook-timestamp"), &seconds));
    EXPECT_EQ(seconds, absl::ToUnixSeconds(clock_.Now()));
    std::string key;
    ASSERT_TRUE(absl::Base64Unescape(webhook->generated_secret().substr(6), &key));
    EXPECT_EQ(Header(request, "webhook-signature"), SignWebhook(key, body["id"], seconds, request.body));
    ids.insert(body["id"].get<std::string>());
  }
  EXPECT_EQ(Waiting(), 0u);
  EXPECT_EQ(ids.size(), 3u);
  EXPECT_EQ(States(webhook->id()), "ddd");
  EXPECT_EQ(first_->reports.size(), 3u);
  EXPECT_EQ(Deliveries(webhook->id())[0].last_status(), 200);
  EXPECT_EQ(Deliveries(webhook->id())[0].attempts(), 1);
}

TEST_F(DeliveryEngineTest, OnlyWhatAWebhookWantsFromItsBeginningOn) {
  StartFirst();
  EndedRoom();
  const auto webhook = *CreateWebhook(kUri, {"conference_deleted", "call_dtmf"});
  principal_.customer_id = "0198f2d0-0000-7000-8000-00000000000b";
  EndedRoom();
  principal_ = DefaultPrincipal();
  EXPECT_EQ(Waiting(), 0u);
  EndedRoom();
  ASSERT_EQ(Waiting(), 1u);
  EXPECT_EQ(Body(Answer(200))["type"], "conference_deleted");
  EXPECT_EQ(Waiting(), 0u);
  // While it is disabled it misses what happens.
  ASSERT_TRUE(Enable(webhook.id(), false).ok());
  EndedRoom();
  ASSERT_TRUE(Enable(webhook.id(), true).ok());
  EXPECT_EQ(Waiting(), 0u);
  EndedRoom();
  EXPECT_EQ(Waiting(), 1u);
}

TEST_F(DeliveryEngineTest, NothingFromBeforeAWebhookAlsoWhereThatStillWaits) {
  // Nobody fans anything out yet.
  ASSERT_TRUE(CreateWebhook(kOther).ok());
  EndedRoom();
  ASSERT_TRUE(CreateWebhook(kUri).ok());
  StartFirst();
  while (Waiting() > 0) EXPECT_EQ(Answer(200).url, kOther);
  EXPECT_EQ(first_->reports.size(), 3u);
}

TEST_F(DeliveryEngineTest, WithoutWebhooksNothingIsWritten) {
  StartFirst();
  EndedRoom();
  PassTime(absl::Minutes(1));
  ASSERT_TRUE(store_
                  ->Read([](Transaction& tx) -> absl::Status {
                    TUTTI_ASSIGN_OR_RETURN(const auto engine, tx.webhook_deliveries.FindEngine(Lock::kNo));
                    EXPECT_EQ(engine.term, 0);
                    EXPECT_EQ(engine.position, 0);
                    return absl::OkStatus();
                  })
                  .ok());
}

TEST_F(DeliveryEngineTest, StreamsAndWebhooksDoNotWaitForEachOther) {
  StartFirst();
  const auto slow = *CreateWebhook(kUri);
  const auto good = *CreateWebhook(kOther);
  const std::string a = EndedRoom();
  const std::string b = EndedRoom();
  // Both webhooks, both streams.
  ASSERT_EQ(Waiting(), 4u);
  std::vector<FakeHttpClient::Sent> slow_ones;
  std::map<std::string, std::vector<int64_t>> got;
  while (Waiting() > 0) {
    auto sent = first_->http.Take();
    if (sent.request.url == kUri) {
      slow_ones.push_back(std::move(sent));
      continue;
    }
    got[Stream(sent.request)].push_back(Sequence(sent.request));
    sent.done(HttpResponse{200, "", "", ""});
    Pump();
  }
  EXPECT_EQ(got, (std::map<std::string, std::vector<int64_t>>{{"conference:" + a, {1, 2, 3}},
                                                              {"conference:" + b, {1, 2, 3}}}));
  EXPECT_EQ(slow_ones.size(), 2u);
  EXPECT_EQ(States(good.id()), "dddddd");
  EXPECT_EQ(States(slow.id()), "pppppp");
}

TEST_F(DeliveryEngineTest, EachAttemptIsATraceOfItsOwnAndAFailedOneIsLoggedWithIt) {
  StartFirst();
  ASSERT_TRUE(CreateWebhook(kUri, {"conference_created"}).ok());
  EndedRoom();
  // Where spdlog writes to by default.
  testing::internal::CaptureStdout();
  const auto failed = ParseTraceparent(Header(Answer(500), "traceparent"));
  Pump();
  PassTime(absl::Minutes(1));
  const auto delivered = ParseTraceparent(Header(Answer(200), "traceparent"));
  Pump();
  const std::string log = testing::internal::GetCapturedStdout();
  ASSERT_TRUE(failed.has_value());
  ASSERT_TRUE(delivered.has_value());
  EXPECT_NE(failed->trace_id, delivered->trace_id);
  EXPECT_NE(log.find("trace_id=" + failed->trace_id), std::string::npos) << log;
  EXPECT_EQ(log.find(delivered->trace_id), std::string::npos) << log;
}

TEST_F(DeliveryEngineTest, TriesAgainAfterPausesThatDoubleThenGivesUpAndGoesOn) {
  engine_options_.backoff_max = absl::Seconds(4);
  engine_options_.attempts_max = 6;
  engine_options_.failures_max = 1'000;
  StartFirst();
  const auto webhook = *CreateWebhook(kUri, {"conference_created", "conference_deleted"});
  EndedRoom();
  std::string id;
  for (const int pause : {1, 2, 4, 4, 4}) {
    ASSERT_EQ(Waiting(), 1u) << pause;
    const HttpRequest request =
        pause == 2 ? first_->http.Answer(Error(absl::StatusCode::kDeadlineExceeded, "HTTP_TIMEOUT", "late"))
                   : Answer(pause == 1 ? 500 : 302);
    Pump();
    EXPECT_EQ(Sequence(request), 1);
    if (id.empty()) id = Header(request, "webhook-id");
    EXPECT_EQ(Header(request, "webhook-id"), id);
    const D delivery = Deliveries(webhook.id()).back();
    EXPECT_EQ(delivery.last_error(), pause == 2 ? "HTTP_TIMEOUT" : "HTTP_STATUS");
    EXPECT_EQ(delivery.last_status(), pause == 2 ? 0 : pause == 1 ? 500 : 302);
    EXPECT_EQ(delivery.tm_next_attempt().seconds(), absl::ToUnixSeconds(clock_.Now()) + pause);
    EXPECT_EQ(Waiting(), 0u);
    PassTime(absl::Seconds(pause) - absl::Milliseconds(10));
    EXPECT_EQ(Waiting(), 0u) << "not before its time";
    PassTime(absl::Milliseconds(10));
  }
  Answer(503);
  EXPECT_EQ(States(webhook.id()), "xp");
  ASSERT_EQ(Waiting(), 1u) << "a dead letter lets its stream go on";
  EXPECT_EQ(Body(Answer(200))["type"], "conference_deleted");
  EXPECT_EQ(States(webhook.id()), "xd");
  std::map<What, int> counts;
  for (const auto& report : first_->reports) ++counts[report.what];
  EXPECT_EQ(counts[What::kFailed], 5);
  EXPECT_EQ(counts[What::kDead], 1);
  EXPECT_EQ(counts[What::kDelivered], 1);
}

TEST_F(DeliveryEngineTest, ChanceMakesPausesShorterOrLonger) {
  StartFirst();
  const auto webhook = *CreateWebhook(kUri, {"conference_created"});
  for (const auto& [random, pause] : {std::pair(0.0, 800), std::pair(1.0, 1'200)}) {
    random_ = random;
    NewRoom();
    Pump();
    Answer(500);
    const auto next = Deliveries(webhook.id())[0].tm_next_attempt();
    EXPECT_EQ(absl::FromUnixSeconds(next.seconds()) + absl::Nanoseconds(next.nanos()),
              clock_.Now() + absl::Milliseconds(pause));
    PassTime(absl::Seconds(2));
    while (Waiting() > 0) Answer(200);
  }
}

TEST_F(DeliveryEngineTest, OldEventsAreNotTriedForLong) {
  engine_options_.failures_max = 1'000;
  StartFirst();
  const auto webhook = *CreateWebhook(kUri, {"conference_created"});
  NewRoom();
  Pump();
  auto sent = first_->http.Take();
  PassTime(absl::Hours(25));
  // Its lease has run out meanwhile, but nobody else has taken it.
  sent.done(HttpResponse{500, "", "", ""});
  Pump();
  for (int attempts = 1; attempts < 5; ++attempts) {
    EXPECT_EQ(Deliveries(webhook.id())[0].attempts(), attempts);
    PassTime(absl::Minutes(1));
    ASSERT_EQ(Waiting(), 1u);
    Answer(500);
  }
  EXPECT_EQ(States(webhook.id()), "x");
}

TEST_F(DeliveryEngineTest, A410DisablesTheWebhookAndKeepsWhatWaits) {
  StartFirst();
  const auto webhook = *CreateWebhook(kUri);
  EndedRoom();
  Answer(410);
  const auto now = *core_->webhooks().Get(principal_, webhook.id());
  EXPECT_FALSE(now.enabled());
  EXPECT_EQ(now.disabled_reason(), v1::Webhook::DISABLED_REASON_GONE);
  EXPECT_NE(now.etag(), webhook.etag());
  PassTime(absl::Hours(1));
  EXPECT_EQ(Waiting(), 0u);
  EXPECT_EQ(States(webhook.id()), "ppp");
  const auto enabled = Enable(webhook.id(), true);
  EXPECT_EQ(enabled->disabled_reason(), v1::Webhook::DISABLED_REASON_UNSPECIFIED);
  for (int sequence = 1; sequence <= 3; ++sequence) EXPECT_EQ(Sequence(Answer(200)), sequence);
}

TEST_F(DeliveryEngineTest, AfterADeathNothingIsLostNorOutOfOrderAndIdsStay) {
  StartFirst();
  ASSERT_TRUE(CreateWebhook(kUri).ok());
  EndedRoom();
  const std::string first_id = Header(Answer(200), "webhook-id");
  // It is sent, and control dies before it knows.
  ASSERT_EQ(Waiting(), 1u);
  const std::string second_id = Header(first_->http.Take().request, "webhook-id");
  first_ = nullptr;
  Restart();
  NewRoom();
  // With SQLite the file's lock proves that the one before is dead; elsewhere its lease runs out.
  ASSERT_TRUE(store_->Read([](Transaction&) { return absl::OkStatus(); }).ok());
  StartFirst();
  ASSERT_EQ(Waiting(), 2u);
  std::vector<std::string> ids;
  while (Waiting() > 0) {
    const HttpRequest request = Answer(200);
    if (Sequence(request) > 1) ids.push_back(Header(request, "webhook-id"));
  }
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_EQ(ids[0], second_id);
  EXPECT_NE(ids[1], first_id);
}

TEST_F(DeliveryEngineTest, TwoReplicasNeverSendTheSame) {
  StartFirst();
  ASSERT_TRUE(CreateWebhook(kUri).ok());
  second_ = MakeEngine("second");
  EndedRoom();
  PassTime(absl::Seconds(5));
  EXPECT_EQ(Waiting(), 1u);
  EXPECT_EQ(second_->http.Waiting(), 0u);
  auto late = first_->http.Take();
  // The first is not heard of any more.
  std::unique_ptr<TestEngine> stopped = std::move(first_);
  store_->Submit(
      [](Transaction& tx) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(const auto engine, tx.webhook_deliveries.FindEngine(Lock::kYes));
        EXPECT_EQ(engine.owner, "first");
        return tx.webhook_deliveries.SetLease(engine.owner, engine.term, 0);
      },
      [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
  PassTime(absl::Seconds(1));
  ASSERT_EQ(second_->http.Waiting(), 1u);
  EXPECT_EQ(Sequence(second_->http.AnswerStatus(200)), 1);
  Pump();
  ASSERT_EQ(second_->http.Waiting(), 1u);
  // It comes back, and what it says does not count.
  first_ = std::move(stopped);
  late.done(HttpResponse{500, "", "", ""});
  PassTime(absl::Seconds(3));
  EXPECT_EQ(Waiting(), 0u);
  EXPECT_EQ(Sequence(second_->http.AnswerStatus(200)), 2);
  Pump();
  EXPECT_EQ(Sequence(second_->http.AnswerStatus(200)), 3);
  Pump();
  EXPECT_EQ(Waiting() + second_->http.Waiting(), 0u);
  // One that ends well gives the lease back.
  second_->engine->Release();
  second_ = nullptr;
  EndedRoom();
  PassTime(absl::Seconds(1));
  EXPECT_EQ(Waiting(), 1u);
}

TEST_F(DeliveryEngineTest, AnAnswerFromBeforeTheLeaseWasLostDoesNotCount) {
  StartFirst();
  const auto webhook = *CreateWebhook(kUri, {"conference_created"});
  NewRoom();
  Pump();
  auto late = first_->http.Take();
  first_->engine->Release();
  second_ = MakeEngine("second");
  Pump();
  ASSERT_EQ(second_->http.Waiting(), 1u);
  second_->http.AnswerStatus(200);
  Pump();
  EXPECT_EQ(States(webhook.id()), "d");
  second_->engine->Release();
  second_ = nullptr;
  PassTime(absl::Seconds(1));
  // It has the lease again.
  NewRoom();
  Pump();
  ASSERT_EQ(Waiting(), 1u);
  late.done(HttpResponse{500, "", "", ""});
  Pump();
  Answer(200);
  EXPECT_EQ(States(webhook.id()), "dd");
}

TEST_F(DeliveryEngineTest, ASlowWebhookLeavesPlaces) {
  engine_options_.in_flight_max = 6;
  engine_options_.reserved = 2;
  engine_options_.webhook_in_flight_max = 5;
  StartFirst();
  ASSERT_TRUE(CreateWebhook(kUri, {"conference_created"}).ok());
  for (int i = 0; i < 10; ++i) NewRoom();
  Pump();
  EXPECT_EQ(Waiting(), 4u) << "not the reserved ones";
  ASSERT_TRUE(CreateWebhook(kOther, {"conference_created"}).ok());
  NewRoom();
  NewRoom();
  Pump();
  ASSERT_EQ(Waiting(), 5u);
  std::vector<FakeHttpClient::Sent> slow;
  for (int i = 0; i < 4; ++i) slow.push_back(first_->http.Take());
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(Waiting(), 1u);
    EXPECT_EQ(Answer(200).url, kOther);
  }
  EXPECT_EQ(Waiting(), 0u);
  // Each answer makes room for the next.
  slow[0].done(HttpResponse{200, "", "", ""});
  Pump();
  EXPECT_EQ(Waiting(), 1u);
}

TEST_F(DeliveryEngineTest, TheStreamsOfAWebhookTakeTurns) {
  engine_options_.webhook_in_flight_max = 1;
  StartFirst();
  ASSERT_TRUE(CreateWebhook(kUri).ok());
  const std::string first = EndedRoom();
  clock_.Advance(absl::Milliseconds(1));
  const std::string second = EndedRoom();
  std::vector<std::string> turns;
  while (Waiting() > 0) {
    clock_.Advance(absl::Milliseconds(1));
    turns.push_back(Stream(Answer(200)) == "conference:" + first ? "first" : "second");
  }
  EXPECT_EQ(turns, (std::vector<std::string>{"first", "second", "first", "second", "first", "second"}));
}

TEST_F(DeliveryEngineTest, AWebhookThatFailsAgainAndAgainGetsOneRequestAtATime) {
  StartFirst();
  ASSERT_TRUE(CreateWebhook(kUri, {"conference_created"}).ok());
  for (int i = 0; i < 20; ++i) NewRoom();
  Pump();
  ASSERT_EQ(Waiting(), 8u);
  for (int i = 0; i < 8; ++i) first_->http.AnswerStatus(500);
  Pump();
  // One that was picked before all had failed.
  EXPECT_LE(Waiting(), 1u);
  while (Waiting() > 0) Answer(500);
  for (int i = 0; i < 3; ++i) {
    PassTime(absl::Seconds(1));
    ASSERT_EQ(Waiting(), 1u);
    Answer(500);
    EXPECT_EQ(Waiting(), 0u);
  }
  PassTime(absl::Seconds(1));
  ASSERT_EQ(Waiting(), 1u);
  Answer(200);
  EXPECT_EQ(Waiting(), 8u);
}

TEST_F(DeliveryEngineTest, ARequestThatItsOwnEndCutShortIsNoAttempt) {
  StartFirst();
  const auto webhook = *CreateWebhook(kUri, {"conference_created"});
  NewRoom();
  Pump();
  first_->http.Answer(Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "ending"));
  Pump();
  EXPECT_EQ(Deliveries(webhook.id())[0].attempts(), 0);
}

TEST_F(DeliveryEngineTest, WhatIsPurgedBeforeItWasSentIsGivenUp) {
  StartFirst();
  const auto webhook = *CreateWebhook(kUri, {"conference_created", "conference_deleted"});
  const std::string room = EndedRoom();
  Answer(500);
  store_->Submit(
      [this](Transaction& tx) { return tx.outbox.Purge(absl::ToUnixMicros(clock_.Now()) + 1, 100).status(); },
      [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
  PassTime(absl::Seconds(2));
  EXPECT_EQ(Waiting(), 0u);
  EXPECT_EQ(States(webhook.id()), "xx");
  EXPECT_EQ(Deliveries(webhook.id())[0].last_error(), "EVENT_PURGED");
}

TEST_F(DeliveryEngineTest, LiveEventsGoToThoseWhoNameThem) {
  engine_options_.live_waiting_max = 2;
  StartFirst();
  ASSERT_TRUE(CreateWebhook(kUri).ok());
  ASSERT_TRUE(CreateWebhook(kOther, {"call_dtmf"}).ok());
  v1::Event event;
  event.set_type("call_dtmf");
  for (int i = 0; i < 4; ++i) {
    event.set_id(absl::StrCat("event-", i));
    first_->engine->OnLiveEvent(principal_.customer_id, event);
  }
  first_->engine->OnLiveEvent("another", event);
  Pump();
  // One at a time, in order, once; of those that wait the oldest gave way.
  for (const char* id : {"event-0", "event-2", "event-3"}) {
    ASSERT_EQ(Waiting(), 1u) << id;
    const HttpRequest request = Answer(500);
    EXPECT_EQ(request.url, kOther);
    EXPECT_EQ(Header(request, "webhook-id"), id);
    EXPECT_EQ(Sequence(request), 0);
  }
  PassTime(absl::Minutes(1));
  EXPECT_EQ(Waiting(), 0u);
}

}  // namespace
}  // namespace tutti::control
