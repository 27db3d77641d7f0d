#ifndef CONTROL_SERVICE_WEBHOOK_SERVICE_H_
#define CONTROL_SERVICE_WEBHOOK_SERVICE_H_

#include <functional>
#include <utility>

#include "control/core/webhooks.h"
#include "control/service/authenticator.h"
#include "control/service/read_pool.h"
#include "tutti/control/v1/webhook.grpc.pb.h"

namespace tutti::control {

// tutti.control.v1.WebhookService over the core.
class WebhookService final : public v1::WebhookService::CallbackService {
 public:
  // All outlive the server. `on_change` is called after a commit that changed a
  // webhook or replayed something, on the store's thread: it must not block.
  WebhookService(Webhooks& webhooks, ReadPool& reads, const Authenticator& authenticator,
                 std::function<void()> on_change)
      : webhooks_(webhooks), reads_(reads), authenticator_(authenticator), on_change_(std::move(on_change)) {}

  grpc::ServerUnaryReactor* CreateWebhook(grpc::CallbackServerContext* context, const v1::CreateWebhookRequest* request,
                                          v1::Webhook* response) override;
  grpc::ServerUnaryReactor* ListWebhooks(grpc::CallbackServerContext* context, const v1::ListWebhooksRequest* request,
                                         v1::ListWebhooksResponse* response) override;
  grpc::ServerUnaryReactor* GetWebhook(grpc::CallbackServerContext* context, const v1::GetWebhookRequest* request,
                                       v1::Webhook* response) override;
  grpc::ServerUnaryReactor* ReplaceWebhook(grpc::CallbackServerContext* context,
                                           const v1::ReplaceWebhookRequest* request, v1::Webhook* response) override;
  grpc::ServerUnaryReactor* UpdateWebhook(grpc::CallbackServerContext* context, const v1::UpdateWebhookRequest* request,
                                          v1::Webhook* response) override;
  grpc::ServerUnaryReactor* DeleteWebhook(grpc::CallbackServerContext* context, const v1::DeleteWebhookRequest* request,
                                          v1::Webhook* response) override;
  grpc::ServerUnaryReactor* ListWebhookDeliveries(grpc::CallbackServerContext* context,
                                                  const v1::ListWebhookDeliveriesRequest* request,
                                                  v1::ListWebhookDeliveriesResponse* response) override;
  grpc::ServerUnaryReactor* ReplayWebhook(grpc::CallbackServerContext* context, const v1::ReplayWebhookRequest* request,
                                          v1::ReplayWebhookResponse* response) override;

 private:
  // `done`, and `on_change_` before it where it went well.
  template <typename T>
  Done<T> Telling(Done<T> done) const {
    return [on_change = on_change_, done = std::move(done)](absl::StatusOr<T> result) {
      if (result.ok()) on_change();
      done(std::move(result));
    };
  }

  Webhooks& webhooks_;
  ReadPool& reads_;
  const Authenticator& authenticator_;
  const std::function<void()> on_change_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_WEBHOOK_SERVICE_H_
