#ifndef GATEWAY_MEDIA_STREAM_MEDIA_STREAM_METRICS_H_
#define GATEWAY_MEDIA_STREAM_MEDIA_STREAM_METRICS_H_

#include <cstddef>

#include "common/metrics/metrics.h"
#include "gateway/ws/connection.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"

namespace tutti::gateway::media_stream {

// Figures of media streams. Thread-safe.
class MediaStreamMetrics {
 public:
  explicit MediaStreamMetrics(Metrics& metrics);

  void Opened() { clients_.Increment(); }
  void Closed(ws::CloseReason reason);
  void Heard(size_t bytes) { bytes_heard_.Increment(static_cast<double>(bytes)); }
  void Said(size_t bytes) { bytes_said_.Increment(static_cast<double>(bytes)); }

  const prometheus::Gauge& clients() const { return clients_; }

 private:
  prometheus::Gauge& clients_;
  prometheus::Family<prometheus::Counter>& closed_;
  prometheus::Family<prometheus::Counter>& bytes_;
  prometheus::Counter& bytes_heard_;
  prometheus::Counter& bytes_said_;
};

}  // namespace tutti::gateway::media_stream

#endif  // GATEWAY_MEDIA_STREAM_MEDIA_STREAM_METRICS_H_
