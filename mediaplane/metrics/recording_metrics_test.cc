#include "mediaplane/metrics/recording_metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace tutti::mediaplane {
namespace {

TEST(RecordingMetricsTest, FiguresAreToldInSecondsAndByReason) {
  RecordingFigures figures;
  figures.active = 3;
  figures.ticks = 100;
  figures.waiting_ticks_max = 25;
  figures.failed[media::v1::RecordingState::FAILURE_DISK_FULL] = 2;
  const RecordingMetrics metrics(figures, [] { return 7u; });
  std::map<std::string, double> values;
  for (const auto& family : metrics.Collect()) {
    EXPECT_FALSE(family.help.empty());
    for (const auto& metric : family.metric) {
      std::string name = family.name.substr(std::string("tutti_mediaplane_").size());
      for (const auto& label : metric.label) name += "," + label.value;
      EXPECT_TRUE(values.emplace(name, metric.counter.value + metric.gauge.value).second) << name;
    }
  }
  EXPECT_EQ(values.at("recordings"), 3);
  EXPECT_DOUBLE_EQ(values.at("recording_seconds_total"), 2);
  EXPECT_DOUBLE_EQ(values.at("recording_waiting_seconds_max"), 0.5);
  EXPECT_EQ(values.at("recordings_failed_total,disk_full"), 2);
  EXPECT_EQ(values.at("recordings_failed_total,disk_slow"), 0);
  EXPECT_EQ(values.count("recordings_failed_total,unspecified"), 0u);
  EXPECT_EQ(values.at("tap_ring_depth_max"), 7);
}

}  // namespace
}  // namespace tutti::mediaplane
