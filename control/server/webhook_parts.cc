#include "control/server/webhook_parts.h"

#include <functional>
#include <memory>

#include "absl/random/random.h"

namespace tutti::control {
namespace {

std::function<double()> Jitter() {
  return [random = std::make_shared<absl::BitGen>()] { return absl::Uniform(*random, 0.0, 1.0); };
}

}  // namespace

WebhookParts::WebhookParts(const ServerOptions& options, CoreParts& parts, EffectRouter& router, Clock& clock,
                           Metrics& metrics)
    : counters_(metrics.registry()),
      queue_(options.monotonic),
      deliveries_(
          parts.store(), parts.http(), queue_, clock, parts.ids(), options.monotonic, parts.owner(), Jitter(),
          [this](const DeliveryEngine::Report& report) { counters_.OnReport(report); }, options.webhooks) {
  router.Add([this](const Effects& effects) {
    if (!effects.events.empty()) deliveries_.OnEvents();
  });
  metrics.Add(std::make_shared<WebhookGauges>(WebhookGauges::Sources{
      .counts = [&census = parts.core().census()] { return census.CountWebhooks(); },
      .in_flight = [this] { return deliveries_.InFlight(); },
  }));
}

void WebhookParts::Stop() {
  queue_.Stop();
  deliveries_.Release();
}

}  // namespace tutti::control
