#include "control/service/webhook_service.h"

#include "control/service/reply.h"
#include "control/service/request.h"

namespace tutti::control {

using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

Reactor* WebhookService::CreateWebhook(Context* context, const v1::CreateWebhookRequest* request,
                                       v1::Webhook* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Webhook> done) {
    const auto key = GetIdempotencyKey(*context);
    if (!key.ok()) return done(key.status());
    webhooks_.Create(principal, *request, *key, Telling<v1::Webhook>(std::move(done)));
  });
}

Reactor* WebhookService::ListWebhooks(Context* context, const v1::ListWebhooksRequest* request,
                                      v1::ListWebhooksResponse* response) {
  return AnswerFrom<v1::ListWebhooksResponse>(
      authenticator_, *context, reads_, response,
      [this, request = *request](const Principal& principal) { return webhooks_.List(principal, request); });
}

Reactor* WebhookService::GetWebhook(Context* context, const v1::GetWebhookRequest* request, v1::Webhook* response) {
  return AnswerFrom<v1::Webhook>(
      authenticator_, *context, reads_, response,
      [this, id = request->id()](const Principal& principal) { return webhooks_.Get(principal, id); });
}

Reactor* WebhookService::ReplaceWebhook(Context* context, const v1::ReplaceWebhookRequest* request,
                                        v1::Webhook* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Webhook> done) {
    webhooks_.Replace(principal, *request, Telling<v1::Webhook>(std::move(done)));
  });
}

Reactor* WebhookService::UpdateWebhook(Context* context, const v1::UpdateWebhookRequest* request,
                                       v1::Webhook* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Webhook> done) {
    webhooks_.Update(principal, *request, Telling<v1::Webhook>(std::move(done)));
  });
}

Reactor* WebhookService::DeleteWebhook(Context* context, const v1::DeleteWebhookRequest* request,
                                       v1::Webhook* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Webhook> done) {
    webhooks_.Delete(principal, request->id(), Telling<v1::Webhook>(std::move(done)));
  });
}

Reactor* WebhookService::ListWebhookDeliveries(Context* context, const v1::ListWebhookDeliveriesRequest* request,
                                               v1::ListWebhookDeliveriesResponse* response) {
  return AnswerFrom<v1::ListWebhookDeliveriesResponse>(
      authenticator_, *context, reads_, response,
      [this, request = *request](const Principal& principal) { return webhooks_.ListDeliveries(principal, request); });
}

// It begins with reads of the store, so not on gRPC's thread.
Reactor* WebhookService::ReplayWebhook(Context* context, const v1::ReplayWebhookRequest* request,
                                       v1::ReplayWebhookResponse* response) {
  return AnswerLater(
      authenticator_, *context, response, [&](const Principal& principal, Done<v1::ReplayWebhookResponse> done) {
        auto told = Telling<v1::ReplayWebhookResponse>(std::move(done));
        const absl::Status status =
            reads_.Run([this, principal, request = *request, told] { webhooks_.Replay(principal, request, told); });
        if (!status.ok()) told(status);
      });
}

}  // namespace tutti::control
