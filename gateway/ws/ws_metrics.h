#ifndef GATEWAY_WS_WS_METRICS_H_
#define GATEWAY_WS_WS_METRICS_H_

#include "common/metrics/metrics.h"
#include "gateway/ws/connection.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"

namespace tutti::gateway::ws {

// Figures of /v1/ws. Thread-safe.
class WsMetrics {
 public:
  explicit WsMetrics(Metrics& metrics);

  void ClientOpened() { clients_.Increment(); }
  void ClientClosed(CloseReason reason);

  prometheus::Gauge& topics() { return topics_; }
  prometheus::Gauge& upstreams() { return upstreams_; }
  prometheus::Counter& upstream_breaks() { return upstream_breaks_; }
  prometheus::Counter& catch_ups() { return catch_ups_; }
  prometheus::Counter& events_received() { return events_received_; }
  prometheus::Counter& events_sent() { return events_sent_; }

 private:
  prometheus::Gauge& clients_;
  prometheus::Family<prometheus::Counter>& closed_;
  prometheus::Gauge& topics_;
  prometheus::Gauge& upstreams_;
  prometheus::Counter& upstream_breaks_;
  prometheus::Counter& catch_ups_;
  prometheus::Counter& events_received_;
  prometheus::Counter& events_sent_;
};

}  // namespace tutti::gateway::ws

#endif  // GATEWAY_WS_WS_METRICS_H_
