#include "control/webhook/webhook_metrics.h"

#include <string>

namespace tutti::control {
namespace {

using What = DeliveryEngine::Report::What;

constexpr std::pair<What, const char*> kOutcomes[] = {
    {What::kDelivered, "delivered"}, {What::kFailed, "failed"},      {What::kDead, "dead"},
    {What::kGone, "gone"},           {What::kLiveLost, "live_lost"}, {What::kLiveDelivered, "live_delivered"},
};

prometheus::MetricFamily Gauge(const char* name, const char* help, double value) {
  prometheus::MetricFamily family{name, help, prometheus::MetricType::Gauge, {}};
  family.metric.emplace_back().gauge.value = value;
  return family;
}

}  // namespace

WebhookMetrics::WebhookMetrics(prometheus::Registry& registry)
    : requests_(prometheus::BuildCounter()
                    .Name("tutti_control_webhook_requests_total")
                    .Help("Requests to webhooks that ended, by what came of them.")
                    .Register(registry)),
      lag_seconds_(
          prometheus::BuildHistogram()
              .Name("tutti_control_webhook_lag_seconds")
              .Help("Age of an event when a webhook took it, in seconds.")
              .Register(registry)
              .Add({}, prometheus::Histogram::BucketBoundaries{0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30, 300, 3600})) {
  // There from the start, at zero: a rate needs a value to begin from.
  for (const auto& [what, outcome] : kOutcomes) requests_.Add({{"outcome", outcome}});
}

void WebhookMetrics::OnReport(const DeliveryEngine::Report& report) {
  for (const auto& [what, outcome] : kOutcomes) {
    if (what == report.what) requests_.Add({{"outcome", outcome}}).Increment();
  }
  if (report.what == What::kDelivered) lag_seconds_.Observe(absl::ToDoubleSeconds(report.age));
}

std::vector<prometheus::MetricFamily> WebhookGauges::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  if (const auto counts = sources_.counts(); counts.ok()) {
    families.push_back(Gauge("tutti_control_webhook_pending", "Deliveries to webhooks that wait or are under way.",
                             static_cast<double>(counts->pending)));
    families.push_back(Gauge("tutti_control_webhook_dead_letters", "Deliveries to webhooks that were given up.",
                             static_cast<double>(counts->dead)));
    families.push_back(Gauge("tutti_control_webhook_oldest_seconds",
                             "Age of the event that waits for a webhook for the longest; 0: none waits.",
                             absl::ToDoubleSeconds(counts->oldest)));
  }
  families.push_back(Gauge("tutti_control_webhook_in_flight", "Requests to webhooks that are under way.",
                           static_cast<double>(sources_.in_flight())));
  return families;
}

}  // namespace tutti::control
