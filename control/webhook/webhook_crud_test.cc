// Webhooks as resources, and their delivery logs.

#include "control/webhook/delivery_fixture.h"

namespace tutti::control {
namespace {

constexpr char kUri[] = "https://example.com/hook";
// 24 bytes.
constexpr char kSecret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr char kOtherCustomer[] = "0198f2d0-0000-7000-8000-00000000000b";

class WebhookCrudTest : public DeliveryFixture {
 protected:
  absl::StatusOr<v1::Webhook> Replace(const v1::Webhook& webhook, const std::string& if_match = "") {
    v1::ReplaceWebhookRequest request;
    *request.mutable_webhook() = webhook;
    request.set_if_match(if_match);
    return Wait<v1::Webhook>([&](auto done) { core_->webhooks().Replace(principal_, request, std::move(done)); });
  }
  absl::StatusOr<v1::Webhook> Update(const v1::Webhook& webhook, const std::vector<std::string>& paths) {
    v1::UpdateWebhookRequest request;
    *request.mutable_webhook() = webhook;
    for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
    return Wait<v1::Webhook>([&](auto done) { core_->webhooks().Update(principal_, request, std::move(done)); });
  }
  absl::StatusOr<v1::Webhook> Delete(const std::string& id) {
    return Wait<v1::Webhook>([&](auto done) { core_->webhooks().Delete(principal_, id, std::move(done)); });
  }
  int64_t Purge() {
    int64_t rows = -1;
    core_->upkeep().Purge([&](const absl::StatusOr<int64_t>& purged) { rows = *purged; });
    RunSteps();
    return rows;
  }
};

TEST_F(WebhookCrudTest, IsMadeWithDefaultsAndShowsTheSecretThatWeMadeOnce) {
  const auto made = CreateWebhook(kUri);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_TRUE(IsUuid(made->id()));
  EXPECT_EQ(made->customer_id(), principal_.customer_id);
  EXPECT_TRUE(made->enabled());
  EXPECT_EQ(made->generated_secret().substr(0, 6), "whsec_");
  EXPECT_EQ(made->generated_secret().size(), 6u + 44u);
  EXPECT_EQ(made->secret(), "");
  EXPECT_NE(CreateWebhook(kUri)->generated_secret(), made->generated_secret());
  v1::Webhook shown = *made;
  shown.clear_generated_secret();
  EXPECT_EQ(core_->webhooks().Get(principal_, made->id())->SerializeAsString(), shown.SerializeAsString());
  EXPECT_EQ(core_->webhooks().List(principal_, {})->result(1).SerializeAsString(), shown.SerializeAsString());
  const auto given = CreateWebhook(kUri, {}, kSecret);
  EXPECT_EQ(given->generated_secret() + given->secret(), "");
}

TEST_F(WebhookCrudTest, RefusesWhatIsWrong) {
  const auto refused = [&](const std::string& uri, const std::vector<std::string>& types, const std::string& secret) {
    return ReasonOf(CreateWebhook(uri, types, secret).status());
  };
  EXPECT_EQ(refused("", {}, ""), "MISSING_REQUEST_PARAMETER");
  EXPECT_EQ(refused(kUri, {"conference_exploded"}, ""), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(refused(kUri, {"call_hangup", "call_hangup"}, ""), "INVALID_REQUEST_PARAMETER");
  for (const char* secret : {"x", "whsec_", "whsec_AAAA", "whsec_%%%%", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) {
    EXPECT_EQ(refused(kUri, {}, secret), "INVALID_REQUEST_PARAMETER") << secret;
  }
  EXPECT_EQ(refused(kUri, {"conferencecall_talking", "call_dtmf", "conference_deleted"}, kSecret), "");
  EXPECT_EQ(core_->webhooks().List(principal_, {})->result_size(), 1);
}

TEST_F(WebhookCrudTest, ACustomerHasSixteenAtMost) {
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(CreateWebhook(kUri).ok());
  const auto refused = CreateWebhook(kUri);
  EXPECT_EQ(ReasonOf(refused.status()), "WEBHOOK_LIMIT");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  v1::ListWebhooksRequest request;
  request.set_page_size(10);
  const auto first = *core_->webhooks().List(principal_, request);
  request.set_page_token(first.next_page_token());
  const auto second = *core_->webhooks().List(principal_, request);
  EXPECT_EQ(first.result_size(), 10);
  EXPECT_EQ(second.result_size(), 6);
  EXPECT_EQ(second.next_page_token(), "");
  EXPECT_GT(first.result(9).id(), second.result(0).id());
  ASSERT_TRUE(Delete(first.result(0).id()).ok());
  EXPECT_TRUE(CreateWebhook(kUri).ok());
  principal_.customer_id = kOtherCustomer;
  EXPECT_TRUE(CreateWebhook(kUri).ok());
}

TEST_F(WebhookCrudTest, ACreateWithTheSameKeyGivesTheSameAnswer) {
  const auto first = CreateWebhook(kUri, {}, "", "key");
  const auto again = CreateWebhook(kUri, {}, "", "key");
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  EXPECT_EQ(ReasonOf(CreateWebhook("https://example.com/other", {}, "", "key").status()), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(core_->webhooks().List(principal_, {})->result_size(), 1);
}

TEST_F(WebhookCrudTest, IsReplacedAndUpdated) {
  const auto made = *CreateWebhook(kUri, {"call_hangup"}, kSecret);
  clock_.Advance(absl::Seconds(1));
  v1::Webhook change;
  change.set_id(made.id());
  change.set_name("n");
  auto updated = *Update(change, {});
  EXPECT_EQ(updated.name(), "n");
  EXPECT_EQ(updated.uri(), kUri);
  EXPECT_EQ(updated.event_types_size(), 1);
  EXPECT_NE(updated.etag(), made.etag());
  EXPECT_EQ(updated.tm_update().seconds(), made.tm_update().seconds() + 1);
  EXPECT_EQ(Update(change, {"event_types"})->event_types_size(), 0);
  change.set_enabled(false);
  updated = *Update(change, {"enabled"});
  EXPECT_EQ(updated.disabled_reason(), v1::Webhook::DISABLED_REASON_REQUESTED);
  EXPECT_EQ(ReasonOf(Update(change, {"uri"}).status()), "MISSING_REQUEST_PARAMETER");
  EXPECT_EQ(ReasonOf(Update(change, {"nothing"}).status()), "INVALID_REQUEST_PARAMETER");
  change = v1::Webhook();
  change.set_id(made.id());
  EXPECT_EQ(ReasonOf(Replace(change).status()), "MISSING_REQUEST_PARAMETER");
  change.set_uri("https://example.com/new");
  EXPECT_EQ(ReasonOf(Replace(change, made.etag()).status()), "ETAG_MISMATCH");
  const auto replaced = *Replace(change, updated.etag());
  EXPECT_EQ(replaced.uri(), "https://example.com/new");
  EXPECT_EQ(replaced.name(), "");
  EXPECT_TRUE(replaced.enabled()) << "an absent field takes its default";
  EXPECT_EQ(replaced.disabled_reason(), v1::Webhook::DISABLED_REASON_UNSPECIFIED);
  change.set_customer_id(kOtherCustomer);
  EXPECT_EQ(ReasonOf(Replace(change).status()), "INVALID_REQUEST_PARAMETER");
}

TEST_F(WebhookCrudTest, ANewUriAndSecretCountForTheNextAttempt) {
  StartFirst();
  const auto made = *CreateWebhook(kUri, {"conference_created"});
  NewRoom();
  Pump();
  const HttpRequest before = Answer(500);
  v1::Webhook change;
  change.set_id(made.id());
  change.set_uri("https://example.com/new");
  change.set_secret(kSecret);
  ASSERT_TRUE(Update(change, {"uri", "secret"}).ok());
  PassTime(absl::Seconds(1));
  ASSERT_EQ(Waiting(), 1u);
  const HttpRequest request = Answer(200);
  EXPECT_EQ(request.url, "https://example.com/new");
  EXPECT_EQ(request.body, before.body);
  EXPECT_NE(Header(request, "webhook-signature"), Header(before, "webhook-signature"));
}

TEST_F(WebhookCrudTest, TheLogShowsWhatWasSentAndWaits) {
  StartFirst();
  const std::string id = CreateWebhook(kUri)->id();
  const std::string room = EndedRoom();
  Answer(200);
  Answer(404);
  v1::ListWebhookDeliveriesRequest request;
  request.set_id(id);
  request.set_page_size(2);
  const auto first = *core_->webhooks().ListDeliveries(principal_, request);
  ASSERT_EQ(first.result_size(), 2);
  EXPECT_EQ(first.result(0).sequence(), 3);
  EXPECT_EQ(first.result(0).type(), "conference_deleted");
  EXPECT_EQ(first.result(0).stream(), "conference:" + room);
  EXPECT_EQ(first.result(0).webhook_id(), id);
  EXPECT_FALSE(first.result(0).has_tm_update());
  EXPECT_EQ(first.result(1).last_status(), 404);
  EXPECT_TRUE(first.result(1).has_tm_next_attempt());
  request.set_page_token(first.next_page_token());
  const auto second = *core_->webhooks().ListDeliveries(principal_, request);
  ASSERT_EQ(second.result_size(), 1);
  EXPECT_EQ(second.result(0).state(), v1::WebhookDelivery::STATE_DELIVERED);
  EXPECT_EQ(second.next_page_token(), "");
  request.set_state(v1::WebhookDelivery::STATE_PENDING);
  EXPECT_EQ(ReasonOf(core_->webhooks().ListDeliveries(principal_, request).status()), "INVALID_REQUEST_PARAMETER");
  request.clear_page_token();
  EXPECT_EQ(core_->webhooks().ListDeliveries(principal_, request)->result_size(), 2);
  const auto counts = *core_->census().CountWebhooks();
  EXPECT_EQ(counts.pending, 2);
  EXPECT_EQ(counts.dead, 0);
}

TEST_F(WebhookCrudTest, ADeletedOneIsGoneWithItsDeliveries) {
  StartFirst();
  const std::string id = CreateWebhook(kUri)->id();
  EndedRoom();
  ASSERT_TRUE(Delete(id).ok());
  EXPECT_EQ(ReasonOf(core_->webhooks().Get(principal_, id).status()), "WEBHOOK_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Delete(id).status()), "WEBHOOK_NOT_FOUND");
  Answer(200);
  PassTime(absl::Minutes(1));
  EXPECT_EQ(Waiting(), 0u);
  EXPECT_EQ(Purge(), 3 + 1) << "deliveries, and the mark that they are to be deleted";
  EXPECT_EQ(core_->census().CountWebhooks()->pending, 0);
}

TEST_F(WebhookCrudTest, DeliveriesAreKeptAsLongAsEvents) {
  StartFirst();
  const std::string id = CreateWebhook(kUri)->id();
  EndedRoom();
  PassTime(options_.event_retention - absl::Seconds(1));
  Purge();
  EXPECT_EQ(Deliveries(id).size(), 3u);
  PassTime(absl::Seconds(2));
  Purge();
  EXPECT_TRUE(Deliveries(id).empty());
}

TEST_F(WebhookCrudTest, OfAnotherCustomerItDoesNotExist) {
  const auto made = *CreateWebhook(kUri);
  principal_.customer_id = kOtherCustomer;
  v1::Webhook change;
  change.set_id(made.id());
  change.set_uri(kUri);
  EXPECT_EQ(ReasonOf(core_->webhooks().Get(principal_, made.id()).status()), "WEBHOOK_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Replace(change).status()), "WEBHOOK_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Update(change, {}).status()), "WEBHOOK_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Delete(made.id()).status()), "WEBHOOK_NOT_FOUND");
  v1::ListWebhookDeliveriesRequest request;
  request.set_id(made.id());
  EXPECT_EQ(ReasonOf(core_->webhooks().ListDeliveries(principal_, request).status()), "WEBHOOK_NOT_FOUND");
  EXPECT_EQ(core_->webhooks().List(principal_, {})->result_size(), 0);
}

}  // namespace
}  // namespace tutti::control
