#include "gateway/http/http_metrics.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"

namespace tutti::gateway {
namespace {

constexpr std::array<std::string_view, 7> kMethods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

prometheus::Counter& MakeCounter(Metrics& metrics, const std::string& name, const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(metrics.registry()).Add({});
}

prometheus::Gauge& MakeGauge(Metrics& metrics, const std::string& name, const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(metrics.registry()).Add({});
}

}  // namespace

HttpMetrics::HttpMetrics(Metrics& metrics)
    : connections_total_(MakeCounter(metrics, "tutti_gateway_connections_total", "HTTP connections accepted")),
      connections_refused_(MakeCounter(metrics, "tutti_gateway_connections_refused_total",
                                       "HTTP connections closed at once because there were too many")),
      handshakes_failed_(MakeCounter(metrics, "tutti_gateway_tls_handshakes_failed_total",
                                     "HTTP connections closed because their TLS handshake failed or took too long")),
      connections_(MakeGauge(metrics, "tutti_gateway_connections", "HTTP connections that are open")),
      in_flight_(MakeGauge(metrics, "tutti_gateway_requests_in_flight", "HTTP requests that have no answer yet")),
      request_bytes_(MakeCounter(metrics, "tutti_gateway_request_bytes_total", "Bytes of HTTP request bodies")),
      streamed_bytes_(MakeCounter(metrics, "tutti_gateway_streamed_bytes_total",
                                  "Bytes of files that clients have taken: recordings, texts")),
      requests_(prometheus::BuildCounter()
                    .Name("tutti_gateway_requests_total")
                    .Help("HTTP requests by route, method and class of their status")
                    .Register(metrics.registry())),
      duration_(prometheus::BuildHistogram()
                    .Name("tutti_gateway_request_duration_seconds")
                    .Help("From a request's header to the last byte of its answer")
                    .Register(metrics.registry())) {}

void HttpMetrics::ConnectionOpened() {
  connections_total_.Increment();
  connections_.Increment();
}

void HttpMetrics::ConnectionClosed() { connections_.Decrement(); }

void HttpMetrics::ConnectionRefused() { connections_refused_.Increment(); }

void HttpMetrics::HandshakeFailed() { handshakes_failed_.Increment(); }

void HttpMetrics::RequestBegan() { in_flight_.Increment(); }

void HttpMetrics::BytesStreamed(size_t bytes) { streamed_bytes_.Increment(static_cast<double>(bytes)); }

void HttpMetrics::RequestEnded(const std::string& route, std::string_view method, int status, absl::Duration duration,
                               size_t request_bytes) {
  in_flight_.Decrement();
  request_bytes_.Increment(static_cast<double>(request_bytes));
  const bool known = std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
  const std::string method_label = known ? std::string(method) : "other";
  const std::string status_class = absl::StrCat(status / 100, "xx");
  requests_.Add({{"route", route}, {"method", method_label}, {"status", status_class}}).Increment();
  static const prometheus::Histogram::BucketBoundaries kSeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                                   0.1,   0.25,   0.5,   1,    2.5,   10};
  duration_.Add({{"route", route}, {"method", method_label}}, kSeconds).Observe(absl::ToDoubleSeconds(duration));
}

}  // namespace tutti::gateway
