#ifndef CONTROL_SERVER_WEBHOOK_PARTS_H_
#define CONTROL_SERVER_WEBHOOK_PARTS_H_

#include "common/clock/clock.h"
#include "common/metrics/metrics.h"
#include "control/scheduler/effect_router.h"
#include "control/scheduler/task_queue.h"
#include "control/server/core_parts.h"
#include "control/server/options.h"
#include "control/webhook/delivery_engine.h"
#include "control/webhook/webhook_metrics.h"

namespace tutti::control {

// Deliveries to webhooks with their figures.
class WebhookParts {
 public:
  // All outlive it.
  WebhookParts(const ServerOptions& options, CoreParts& core, EffectRouter& router, Clock& clock, Metrics& metrics);

  DeliveryEngine& deliveries() { return deliveries_; }
  void Wake() { queue_.Wake(); }
  // After all requests have ended.
  void Stop();

 private:
  WebhookMetrics counters_;
  TaskQueue queue_;
  DeliveryEngine deliveries_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVER_WEBHOOK_PARTS_H_
