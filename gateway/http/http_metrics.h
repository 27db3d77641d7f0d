#ifndef GATEWAY_HTTP_HTTP_METRICS_H_
#define GATEWAY_HTTP_HTTP_METRICS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"

namespace tutti::gateway {

// The server's figures. Every label has few values: a route is a template, a
// method one of the known ones or "other". Thread-safe.
class HttpMetrics {
 public:
  explicit HttpMetrics(Metrics& metrics);

  void ConnectionOpened();
  void ConnectionClosed();
  // One too many.
  void ConnectionRefused();
  // One that doesn't speak our TLS.
  void HandshakeFailed();

  void RequestBegan();
  void RequestEnded(const std::string& route, std::string_view method, int status, absl::Duration duration,
                    size_t request_bytes);
  // Of a streamed body.
  void BytesStreamed(size_t bytes);

 private:
  prometheus::Counter& connections_total_;
  prometheus::Counter& connections_refused_;
  prometheus::Counter& handshakes_failed_;
  prometheus::Gauge& connections_;
  prometheus::Gauge& in_flight_;
  prometheus::Counter& request_bytes_;
  prometheus::Counter& streamed_bytes_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& duration_;
};

}  // namespace tutti::gateway

#endif  // GATEWAY_HTTP_HTTP_METRICS_H_
