#ifndef COMMON_METRICS_PROCESS_METRICS_H_
#define COMMON_METRICS_PROCESS_METRICS_H_

#include <vector>

#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"

namespace tutti {

// The figures that every Prometheus client gives of its process, under their
// usual names (process_cpu_seconds_total …), read from /proc at each scrape.
class ProcessMetrics final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace tutti

#endif  // COMMON_METRICS_PROCESS_METRICS_H_
