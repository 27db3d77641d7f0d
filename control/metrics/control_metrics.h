#ifndef CONTROL_METRICS_CONTROL_METRICS_H_
#define CONTROL_METRICS_CONTROL_METRICS_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/metrics/metrics.h"
#include "control/core/census.h"
#include "control/media/node_registry.h"
#include "prometheus/collectable.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/histogram.h"

namespace tutti::control {

// What the control plane counts while it works. Thread-safe.
class ControlMetrics {
 public:
  explicit ControlMetrics(prometheus::Registry& registry);

  // Events by type; joins, leaves, hang-ups, what became of recordings and
  // transcriptions, by reason.
  void OnCommit(const Effects& effects);
  void OnStoreCommit(size_t steps, absl::Duration latency);
  void OnDelivered(absl::Duration age);

 private:
  prometheus::Family<prometheus::Counter>& events_;
  prometheus::Counter& joins_;
  prometheus::Family<prometheus::Counter>& leaves_;
  prometheus::Family<prometheus::Counter>& hangups_;
  prometheus::Family<prometheus::Counter>& recordings_ended_;
  prometheus::Family<prometheus::Counter>& transcribes_ended_;
  prometheus::Counter& transcripts_;
  prometheus::Histogram& commit_seconds_;
  prometheus::Histogram& commit_steps_;
  prometheus::Histogram& delivery_seconds_;
};

// What is read at each scrape. The functions are called on the scraper's thread.
class ControlGauges final : public prometheus::Collectable {
 public:
  struct Sources {
    std::function<absl::StatusOr<StatusCounts>()> counts;
    std::function<int64_t()> store_queue_depth;
    std::function<int64_t()> dispatcher_depth;
    std::function<int64_t()> dispatcher_retries;
    std::function<int64_t()> read_queue_depth;
    std::function<int64_t()> watches;
    std::function<std::map<std::string, NodeRegistry::Node>()> nodes;
    std::function<int64_t()> node_events;
    std::function<int64_t()> reconciles;
    std::function<int64_t()> live_events;
    std::function<int64_t()> live_events_lost;
    std::function<int64_t()> sound_loads;
    std::function<int64_t()> syntheses;
    std::function<int64_t()> syntheses_failed;
    std::function<int64_t()> plays;
    std::function<int64_t()> plays_failed;
    std::function<int64_t()> operations;
    std::function<int64_t()> operations_failed;
  };

  explicit ControlGauges(Sources sources) : sources_(std::move(sources)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Sources sources_;
};

}  // namespace tutti::control

#endif  // CONTROL_METRICS_CONTROL_METRICS_H_
