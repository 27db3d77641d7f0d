#ifndef CONTROL_WEBHOOK_WEBHOOK_METRICS_H_
#define CONTROL_WEBHOOK_WEBHOOK_METRICS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "control/core/census.h"
#include "control/webhook/delivery_engine.h"
#include "prometheus/collectable.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace tutti::control {

// What the delivery engine counts while it works. Thread-safe.
class WebhookMetrics {
 public:
  explicit WebhookMetrics(prometheus::Registry& registry);

  void OnReport(const DeliveryEngine::Report& report);

 private:
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Histogram& lag_seconds_;
};

// What is read at each scrape, on the scraper's thread.
class WebhookGauges final : public prometheus::Collectable {
 public:
  struct Sources {
    std::function<absl::StatusOr<WebhookCounts>()> counts;
    std::function<int64_t()> in_flight;
  };

  explicit WebhookGauges(Sources sources) : sources_(std::move(sources)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Sources sources_;
};

}  // namespace tutti::control

#endif  // CONTROL_WEBHOOK_WEBHOOK_METRICS_H_
