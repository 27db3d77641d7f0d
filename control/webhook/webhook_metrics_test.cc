#include "control/webhook/webhook_metrics.h"

#include "gtest/gtest.h"
#include "prometheus/text_serializer.h"

namespace tutti::control {
namespace {

using What = DeliveryEngine::Report::What;

bool Contains(const std::string& text, const std::string& line) {
  return text.find("\n" + line + "\n") != std::string::npos;
}

TEST(WebhookMetricsTest, CountsRequestsByOutcome) {
  prometheus::Registry registry;
  WebhookMetrics metrics(registry);
  for (const What what : {What::kDelivered, What::kDelivered, What::kFailed, What::kDead}) {
    metrics.OnReport({what, absl::Milliseconds(70)});
  }
  const std::string text = prometheus::TextSerializer().Serialize(registry.Collect());
  EXPECT_TRUE(Contains(text, "tutti_control_webhook_requests_total{outcome=\"delivered\"} 2")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_webhook_requests_total{outcome=\"failed\"} 1")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_webhook_requests_total{outcome=\"dead\"} 1")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_webhook_requests_total{outcome=\"gone\"} 0")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_webhook_lag_seconds_bucket{le=\"0.05\"} 0")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_webhook_lag_seconds_bucket{le=\"0.1\"} 2")) << text;
}

TEST(WebhookMetricsTest, ReadsTheStoreAtEachScrape) {
  WebhookGauges gauges({
      .counts =
          [] {
            return WebhookCounts{3, 4, absl::Seconds(5)};
          },
      .in_flight = [] { return 6; },
  });
  const std::string text = prometheus::TextSerializer().Serialize(gauges.Collect());
  EXPECT_TRUE(Contains(text, "tutti_control_webhook_pending 3")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_webhook_dead_letters 4")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_webhook_oldest_seconds 5")) << text;
  EXPECT_TRUE(Contains(text, "tutti_control_webhook_in_flight 6")) << text;
}

}  // namespace
}  // namespace tutti::control
