#ifndef MEDIAPLANE_METRICS_RECORDING_METRICS_H_
#define MEDIAPLANE_METRICS_RECORDING_METRICS_H_

#include <functional>
#include <vector>

#include "mediaplane/recording/recording_figures.h"
#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"

namespace tutti::mediaplane {

// The recordings' families, tutti_mediaplane_recording..., read at each scrape.
class RecordingMetrics final : public prometheus::Collectable {
 public:
  // `figures` outlives it. `tap_depth_max` is TapHub's, called by the scraping thread.
  RecordingMetrics(const RecordingFigures& figures, std::function<unsigned()> tap_depth_max);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const RecordingFigures& figures_;
  const std::function<unsigned()> tap_depth_max_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_METRICS_RECORDING_METRICS_H_
