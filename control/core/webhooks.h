#ifndef CONTROL_CORE_WEBHOOKS_H_
#define CONTROL_CORE_WEBHOOKS_H_

#include <string>

#include "absl/status/statusor.h"
#include "control/core/done.h"
#include "control/core/principal.h"
#include "tutti/control/v1/webhook.pb.h"

namespace tutti::control {

class Steps;

// What customers ask of webhooks and of what is sent to them. Errors are those of the
// service's comments; an empty idempotency key means none. Thread-safe.
class Webhooks {
 public:
  explicit Webhooks(Steps& steps) : steps_(steps) {}

  void Create(const Principal& principal, const v1::CreateWebhookRequest& request, const std::string& idempotency_key,
              Done<v1::Webhook> done);
  absl::StatusOr<v1::Webhook> Get(const Principal& principal, const std::string& id);
  absl::StatusOr<v1::ListWebhooksResponse> List(const Principal& principal, const v1::ListWebhooksRequest& request);
  void Replace(const Principal& principal, const v1::ReplaceWebhookRequest& request, Done<v1::Webhook> done);
  void Update(const Principal& principal, const v1::UpdateWebhookRequest& request, Done<v1::Webhook> done);
  void Delete(const Principal& principal, const std::string& id, Done<v1::Webhook> done);
  absl::StatusOr<v1::ListWebhookDeliveriesResponse> ListDeliveries(const Principal& principal,
                                                                   const v1::ListWebhookDeliveriesRequest& request);
  void Replay(const Principal& principal, const v1::ReplayWebhookRequest& request,
              Done<v1::ReplayWebhookResponse> done);

 private:
  Steps& steps_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_WEBHOOKS_H_
