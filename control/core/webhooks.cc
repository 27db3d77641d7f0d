#include "control/core/webhooks.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/idempotency.h"
#include "control/core/lookup.h"
#include "control/core/paging.h"
#include "control/core/steps.h"
#include "control/core/validate_webhook.h"
#include "control/rules/times.h"
#include "control/rules/validate.h"

// Webhooks and what is sent to them. Steps lock the engine's row first, as all do
// that write there.

namespace tutti::control {
namespace {

using store::WebhookRecord;
using WebhookReply = Reply<WebhookRecord, v1::Webhook>;
using Delivery = WebhookDeliveryTable::Delivery;

constexpr char kCreateWebhookMethod[] = "CreateWebhook";
constexpr int kWebhooksMax = 16;
constexpr int kReplayMax = 1'000;

absl::StatusOr<WebhookRecord> Load(Transaction& tx, const Principal& principal, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(auto record, tx.webhooks.Find(id, Lock::kNo));
  if (!record.has_value() || record->webhook().customer_id() != principal.customer_id) {
    return ResourceNotFound("webhook", id);
  }
  return *std::move(record);
}

// Only what happens from now on is for it.
absl::Status StartFromNow(Transaction& tx, WebhookRecord& record) {
  TUTTI_ASSIGN_OR_RETURN(const int64_t position, tx.outbox.LastPosition());
  record.set_start_position(position);
  return absl::OkStatus();
}

void SetDisabledReason(v1::Webhook& webhook) {
  webhook.set_disabled_reason(webhook.enabled() ? v1::Webhook::DISABLED_REASON_UNSPECIFIED
                                                : v1::Webhook::DISABLED_REASON_REQUESTED);
}

absl::StatusOr<WebhookReply> MakeWebhook(Work& work, const CoreOptions& options, const Principal& principal,
                                         const v1::CreateWebhookRequest& request, const std::string& idempotency_key) {
  Transaction& tx = work.tx();
  const IdempotencyTable::Key key{principal.customer_id, kCreateWebhookMethod, idempotency_key};
  const std::string body_hash = HashOf(request);
  TUTTI_RETURN_IF_ERROR(tx.webhook_deliveries.FindEngine(Lock::kYes).status());
  WebhookReply reply;
  if (!idempotency_key.empty()) {
    TUTTI_ASSIGN_OR_RETURN(const auto entry, FindIdempotent(work, options, key, body_hash));
    if (entry.has_value()) {
      TUTTI_RETURN_IF_ERROR(ReadAnswer(*entry, reply.ready.emplace()));
      return reply;
    }
  }
  TUTTI_ASSIGN_OR_RETURN(const int64_t count, tx.webhooks.Count(principal.customer_id));
  if (count >= kWebhooksMax) {
    return Error(absl::StatusCode::kResourceExhausted, "WEBHOOK_LIMIT",
                 absl::StrCat("there are ", count, " webhooks already, which is the most"));
  }
  WebhookRecord record;
  v1::Webhook& webhook = *record.mutable_webhook();
  webhook.set_id(work.NewId());
  webhook.set_customer_id(principal.customer_id);
  TUTTI_RETURN_IF_ERROR(CopyEditable(request.webhook(), nullptr, webhook));
  const bool makes_secret = webhook.secret().empty();
  if (makes_secret) webhook.set_secret(MakeWebhookSecret());
  TUTTI_RETURN_IF_ERROR(CheckEditable(webhook, options.check_url));
  SetDisabledReason(webhook);
  SetTime(*webhook.mutable_tm_create(), work.now());
  SetTime(*webhook.mutable_tm_update(), work.now());
  record.set_revision(1);
  TUTTI_RETURN_IF_ERROR(StartFromNow(tx, record));
  TUTTI_RETURN_IF_ERROR(tx.webhooks.Insert(record));
  TUTTI_RETURN_IF_ERROR(tx.webhook_deliveries.BumpGeneration());
  reply.ready = Show(record);
  if (makes_secret) reply.ready->set_generated_secret(webhook.secret());
  if (!idempotency_key.empty()) {
    TUTTI_RETURN_IF_ERROR(tx.idempotency_keys.Insert(
        key, {body_hash, reply.ready->id(), reply.ready->SerializeAsString(), ToMicroseconds(work.now())}));
  }
  return reply;
}

// PUT (`mask` null) and PATCH.
absl::StatusOr<WebhookReply> Change(Work& work, const CoreOptions& options, const Principal& principal,
                                    const v1::Webhook& request, const google::protobuf::FieldMask* mask,
                                    const std::string& if_match) {
  Transaction& tx = work.tx();
  TUTTI_RETURN_IF_ERROR(tx.webhook_deliveries.FindEngine(Lock::kYes).status());
  TUTTI_ASSIGN_OR_RETURN(WebhookRecord record, Load(tx, principal, request.id()));
  v1::Webhook& webhook = *record.mutable_webhook();
  TUTTI_RETURN_IF_ERROR(CheckUnchanged(request, webhook));
  const std::string etag = Show(record).etag();
  if (!if_match.empty() && if_match != etag) {
    return Error(absl::StatusCode::kAborted, "ETAG_MISMATCH",
                 absl::StrCat("webhook ", request.id(), " has changed: its etag is ", etag), {{"etag", etag}});
  }
  const bool was_enabled = webhook.enabled();
  TUTTI_RETURN_IF_ERROR(CopyEditable(request, mask, webhook));
  TUTTI_RETURN_IF_ERROR(CheckEditable(webhook, options.check_url));
  if (webhook.enabled() != was_enabled) SetDisabledReason(webhook);
  if (webhook.enabled() && !was_enabled) TUTTI_RETURN_IF_ERROR(StartFromNow(tx, record));
  SetTime(*webhook.mutable_tm_update(), work.now());
  const int64_t read_revision = record.revision();
  record.set_revision(read_revision + 1);
  TUTTI_RETURN_IF_ERROR(tx.webhooks.Update(record, read_revision));
  TUTTI_RETURN_IF_ERROR(tx.webhook_deliveries.BumpGeneration());
  return WebhookReply{nullptr, Show(record)};
}

bool Wants(const v1::Webhook& webhook, const std::string& type) {
  return webhook.event_types().empty() ||
         std::find(webhook.event_types().begin(), webhook.event_types().end(), type) != webhook.event_types().end();
}

struct ReplayPoint {
  // A position among all events, or a sequence in the stream.
  int64_t after = 0;
  // Where the next request goes on; 0: that was all.
  int64_t next = 0;
  int count = 0;
};

absl::Status ReplayEvents(Work& work, const v1::Webhook& webhook, const v1::ReplayWebhookRequest& request,
                          ReplayPoint& point) {
  Transaction& tx = work.tx();
  std::vector<Outbox::Stored> events;
  const bool has_stream = !request.stream().empty();
  if (has_stream) {
    TUTTI_ASSIGN_OR_RETURN(events, tx.outbox.ReadStream(request.stream(), point.after, kReplayMax + 1));
  } else {
    TUTTI_ASSIGN_OR_RETURN(events, tx.outbox.ReadAll(webhook.customer_id(), point.after, kReplayMax + 1));
  }
  if (events.size() > kReplayMax) {
    events.pop_back();
    point.next = has_stream ? events.back().event.sequence() : events.back().position;
  }
  const int64_t from_us = table::Microseconds(request.tm_from());
  for (const Outbox::Stored& stored : events) {
    if (!Wants(webhook, stored.event.type()) || table::Microseconds(stored.event.time()) < from_us) continue;
    TUTTI_RETURN_IF_ERROR(tx.webhook_deliveries.AddAgain(webhook.id(), stored.event, ToMicroseconds(work.now())));
    ++point.count;
  }
  return absl::OkStatus();
}

absl::Status QueueReplay(Work& work, const Principal& principal, const v1::ReplayWebhookRequest& request,
                         ReplayPoint& point) {
  Transaction& tx = work.tx();
  TUTTI_RETURN_IF_ERROR(tx.webhook_deliveries.FindEngine(Lock::kYes).status());
  TUTTI_ASSIGN_OR_RETURN(const WebhookRecord record, Load(tx, principal, request.id()));
  if (request.has_tm_from() || !request.stream().empty()) {
    TUTTI_RETURN_IF_ERROR(ReplayEvents(work, record.webhook(), request, point));
  } else {
    TUTTI_ASSIGN_OR_RETURN(const int64_t count,
                           tx.webhook_deliveries.ReplayDead(request.id(), kReplayMax, ToMicroseconds(work.now())));
    point.count = static_cast<int>(count);
    point.next = count == kReplayMax ? 1 : 0;
  }
  return point.count == 0 ? absl::OkStatus() : tx.webhook_deliveries.BumpGeneration();
}

absl::Status CheckReplay(const v1::ReplayWebhookRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", request.id()));
  if (request.after_sequence() < 0) return InvalidParameter("after_sequence", "must be 0 or more");
  if (request.stream().empty()) {
    return request.after_sequence() == 0 ? absl::OkStatus() : InvalidParameter("after_sequence", "needs a stream");
  }
  return request.has_tm_from() ? InvalidParameter("stream", "can't be given with tm_from") : absl::OkStatus();
}

// Behind what the first request of a replay begins.
absl::StatusOr<int64_t> FindReplayStart(Transaction& tx, const Principal& principal,
                                        const v1::ReplayWebhookRequest& request) {
  TUTTI_RETURN_IF_ERROR(Load(tx, principal, request.id()).status());
  if (request.has_tm_from()) return tx.outbox.FindPosition(table::Microseconds(request.tm_from()));
  if (request.stream().empty()) return 0;
  TUTTI_ASSIGN_OR_RETURN(const auto stream, tx.outbox.FindStream(request.stream()));
  // Another customer's stream is as one that has not begun.
  if (stream.has_value() && stream->customer_id == principal.customer_id) return request.after_sequence();
  return InvalidParameter("stream", "is not known");
}

}  // namespace

void Webhooks::Create(const Principal& principal, const v1::CreateWebhookRequest& request,
                      const std::string& idempotency_key, Done<v1::Webhook> done) {
  if (absl::Status status = CheckIdempotencyKey(idempotency_key); !status.ok()) return done(status);
  steps_.RunReply<WebhookRecord, v1::Webhook>(
      principal,
      [&options = steps_.options(), principal, request, idempotency_key](Work& work, Rules&) {
        return MakeWebhook(work, options, principal, request, idempotency_key);
      },
      std::move(done));
}

absl::StatusOr<v1::Webhook> Webhooks::Get(const Principal& principal, const std::string& id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", id));
  v1::Webhook webhook;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const WebhookRecord record, Load(tx, principal, id));
    webhook = Show(record);
    return absl::OkStatus();
  }));
  return webhook;
}

absl::StatusOr<v1::ListWebhooksResponse> Webhooks::List(const Principal& principal,
                                                        const v1::ListWebhooksRequest& request) {
  return ReadPage<v1::ListWebhooksResponse>(steps_, absl::StrCat("webhooks/", principal.customer_id), request,
                                            [&](Transaction& tx, const PageStart& start, int limit) {
                                              return tx.webhooks.List(principal.customer_id, start, limit);
                                            });
}

void Webhooks::Replace(const Principal& principal, const v1::ReplaceWebhookRequest& request, Done<v1::Webhook> done) {
  if (absl::Status status = CheckId("id", request.webhook().id()); !status.ok()) return done(status);
  steps_.RunReply<WebhookRecord, v1::Webhook>(
      principal,
      [&options = steps_.options(), principal, request](Work& work, Rules&) {
        return Change(work, options, principal, request.webhook(), nullptr, request.if_match());
      },
      std::move(done));
}

void Webhooks::Update(const Principal& principal, const v1::UpdateWebhookRequest& request, Done<v1::Webhook> done) {
  if (absl::Status status = CheckId("id", request.webhook().id()); !status.ok()) return done(status);
  steps_.RunReply<WebhookRecord, v1::Webhook>(
      principal,
      [&options = steps_.options(), principal, request](Work& work, Rules&) {
        return Change(work, options, principal, request.webhook(), &request.update_mask(), request.if_match());
      },
      std::move(done));
}

void Webhooks::Delete(const Principal& principal, const std::string& id, Done<v1::Webhook> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  steps_.RunReply<WebhookRecord, v1::Webhook>(
      principal,
      [principal, id](Work& work, Rules&) -> absl::StatusOr<WebhookReply> {
        Transaction& tx = work.tx();
        TUTTI_RETURN_IF_ERROR(tx.webhook_deliveries.FindEngine(Lock::kYes).status());
        TUTTI_ASSIGN_OR_RETURN(const WebhookRecord record, Load(tx, principal, id));
        TUTTI_RETURN_IF_ERROR(tx.webhooks.Delete(id));
        TUTTI_RETURN_IF_ERROR(tx.webhook_deliveries.Abandon(id));
        TUTTI_RETURN_IF_ERROR(tx.webhook_deliveries.BumpGeneration());
        return WebhookReply{nullptr, Show(record)};
      },
      std::move(done));
}

absl::StatusOr<v1::ListWebhookDeliveriesResponse> Webhooks::ListDeliveries(
    const Principal& principal, const v1::ListWebhookDeliveriesRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", request.id()));
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) { return Load(tx, principal, request.id()).status(); }));
  const std::string scope = absl::StrCat("deliveries/", principal.customer_id, "/", request.id(), "/", request.state());
  return ReadPage<v1::ListWebhookDeliveriesResponse>(
      steps_, scope, request, [&](Transaction& tx, const PageStart& start, int limit) {
        return tx.webhook_deliveries.List(request.id(), request.state(), start, limit);
      });
}

void Webhooks::Replay(const Principal& principal, const v1::ReplayWebhookRequest& request,
                      Done<v1::ReplayWebhookResponse> done) {
  if (absl::Status status = CheckReplay(request); !status.ok()) return done(status);
  v1::ReplayWebhookRequest same = request;
  same.clear_page_token();
  const std::string scope = absl::StrCat("replay/", principal.customer_id, "/", HashOf(same));
  // Before the step: it may take some reads to find where a time begins.
  int64_t after = 0;
  absl::Status status = steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(after, FindReplayStart(tx, principal, request));
    if (request.page_token().empty()) return absl::OkStatus();
    const auto payload = steps_.signer().Open(scope, request.page_token());
    if (payload.has_value() && absl::SimpleAtoi(*payload, &after)) return absl::OkStatus();
    return InvalidParameter("page_token", "is not from an answer to the same request");
  });
  if (!status.ok()) return done(status);
  auto point = std::make_shared<ReplayPoint>();
  steps_.Run(
      [principal, request, after, point](Work& work, Rules&) {
        *point = {after, 0, 0};
        return QueueReplay(work, principal, request, *point);
      },
      [&steps = steps_, scope, point, done = std::move(done)](const absl::Status& status) {
        if (!status.ok()) return done(status);
        v1::ReplayWebhookResponse response;
        response.set_count(point->count);
        if (point->next != 0) response.set_next_page_token(steps.signer().Sign(scope, absl::StrCat(point->next)));
        done(std::move(response));
      });
}

}  // namespace tutti::control
