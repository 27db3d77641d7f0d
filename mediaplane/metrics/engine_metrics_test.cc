#include "mediaplane/metrics/engine_metrics.h"

#include <gtest/gtest.h>

#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tutti::mediaplane {
namespace {

class EngineMetricsTest : public testing::Test {
 protected:
  EngineMetricsTest()
      : metrics_({{&engine_[0], &port_[0], [] { return 3u; }}, {&engine_[1], &port_[1], [] { return 0u; }}}, 4000, 8191,
                 [] { return uint64_t{17}; }) {}

  // Every sample as "name{label=value,...}"; histograms by their count.
  std::map<std::string, double> Scrape() {
    std::map<std::string, double> samples;
    for (const auto& family : metrics_.Collect()) {
      for (const auto& metric : family.metric) {
        std::string name = family.name;
        for (const auto& label : metric.label) absl::StrAppend(&name, ",", label.name, "=", label.value);
        EXPECT_EQ(samples.count(name), 0u) << name << " twice";
        samples[name] = family.type == prometheus::MetricType::Counter ? metric.counter.value
                        : family.type == prometheus::MetricType::Gauge
                            ? metric.gauge.value
                            : static_cast<double>(metric.histogram.sample_count);
      }
    }
    return samples;
  }

  WorkerCounters engine_[2];
  PortCounters port_[2];
  EngineMetrics metrics_;
};

TEST_F(EngineMetricsTest, ReadsTheCountersOfEachWorkerAtTheScrape) {
  engine_[1].rtp_received.Add(5);
  engine_[0].rtp_bytes_sent.Add(172);
  engine_[0].buffer_delay_us.Set(2500);
  engine_[1].load_permille.Set(800);
  engine_[1].drop(EngineDrop::kWrongSource).Add(4);
  port_[0].packets_received = 9;
  port_[0].drops[static_cast<size_t>(PortDrop::kTooLong)] = 2;
  engine_[1].digits_lost.Add(3);
  metrics_.Update({7, 2, true, 11, 99, 55, 4, 4096, 6, 8, 320, 3, 4, 1});
  auto samples = Scrape();
  EXPECT_EQ(samples.at("tutti_mediaplane_rtp_packets_received_total,worker=1"), 5);
  EXPECT_EQ(samples.at("tutti_mediaplane_rtp_packets_received_total,worker=0"), 0);
  EXPECT_EQ(samples.at("tutti_mediaplane_rtp_sent_bytes_total,worker=0"), 172);
  EXPECT_DOUBLE_EQ(samples.at("tutti_mediaplane_jitter_buffer_delay_seconds,worker=0"), 0.0025);
  EXPECT_DOUBLE_EQ(samples.at("tutti_mediaplane_worker_load_ratio,worker=1"), 0.8);
  EXPECT_EQ(samples.at("tutti_mediaplane_packets_received_total,worker=0"), 9);
  EXPECT_EQ(samples.at("tutti_mediaplane_command_queue_depth,worker=0"), 3);
  EXPECT_EQ(samples.at(absl::StrCat("tutti_mediaplane_packets_dropped_total,worker=1,stage=engine,reason=",
                                    std::string(EngineDropName(EngineDrop::kWrongSource)))),
            4);
  EXPECT_EQ(samples.at(absl::StrCat("tutti_mediaplane_packets_dropped_total,worker=0,stage=port,reason=",
                                    std::string(PortDropName(PortDrop::kTooLong)))),
            2);
  EXPECT_EQ(samples.at("tutti_mediaplane_legs"), 7);
  EXPECT_EQ(samples.at("tutti_mediaplane_legs_max"), 4000);
  EXPECT_EQ(samples.at("tutti_mediaplane_bridges"), 2);
  EXPECT_EQ(samples.at("tutti_mediaplane_busy"), 1);
  EXPECT_EQ(samples.at("tutti_mediaplane_ports_skipped_total"), 11);
  EXPECT_EQ(samples.at("tutti_mediaplane_events_total"), 99);
  EXPECT_EQ(samples.at("tutti_mediaplane_live_events_total"), 55);
  EXPECT_EQ(samples.at("tutti_mediaplane_sounds"), 4);
  EXPECT_EQ(samples.at("tutti_mediaplane_sound_bytes"), 4096);
  EXPECT_EQ(samples.at("tutti_mediaplane_plays"), 6);
  EXPECT_EQ(samples.at("tutti_mediaplane_audio_streams"), 8);
  EXPECT_EQ(samples.at("tutti_mediaplane_audio_stream_samples_dropped_total"), 320);
  EXPECT_EQ(samples.at("tutti_mediaplane_audio_stream_frames_left_out_total"), 3);
  EXPECT_EQ(samples.at("tutti_mediaplane_audio_stream_frames_added_total"), 4);
  EXPECT_EQ(samples.at("tutti_mediaplane_audio_streams_too_slow_total"), 1);
  EXPECT_EQ(samples.at("tutti_mediaplane_digits_lost_total,worker=1"), 3);
  EXPECT_EQ(samples.at("tutti_mediaplane_packet_buffers_in_use"), 17);

  engine_[1].rtp_received.Add(1);
  EXPECT_EQ(Scrape().at("tutti_mediaplane_rtp_packets_received_total,worker=1"), 6);
}

TEST_F(EngineMetricsTest, TicksAreCumulativeHistogramsInSeconds) {
  for (const int64_t ns : {40'000, 300'000, 300'000, 1'000'000'000}) engine_[0].tick_duration.Record(ns);
  for (const auto& family : metrics_.Collect()) {
    if (family.name != "tutti_mediaplane_tick_duration_seconds") continue;
    const auto& histogram = family.metric.at(0).histogram;
    EXPECT_EQ(histogram.sample_count, 4u);
    EXPECT_NEAR(histogram.sample_sum, 1.00064, 1e-9);
    EXPECT_DOUBLE_EQ(histogram.bucket.front().upper_bound, 50e-6);
    EXPECT_EQ(histogram.bucket.front().cumulative_count, 1u);
    EXPECT_EQ(histogram.bucket.at(histogram.bucket.size() - 2).cumulative_count, 3u);
    EXPECT_TRUE(std::isinf(histogram.bucket.back().upper_bound));
    EXPECT_EQ(histogram.bucket.back().cumulative_count, 4u);
    return;
  }
  FAIL() << "no tick_duration_seconds";
}

// The naming rules that promtool checks.
TEST_F(EngineMetricsTest, NamesHaveHelpAndUnits) {
  std::set<std::string> names;
  for (const auto& family : metrics_.Collect()) {
    EXPECT_TRUE(names.insert(family.name).second) << family.name;
    EXPECT_TRUE(absl::StartsWith(family.name, "tutti_mediaplane_"));
    EXPECT_FALSE(family.help.empty()) << family.name;
    EXPECT_EQ(family.help.back(), '.') << family.name;
    EXPECT_EQ(absl::EndsWith(family.name, "_total"), family.type == prometheus::MetricType::Counter) << family.name;
    for (const char c : family.name) EXPECT_TRUE(std::islower(c) || c == '_') << family.name;
  }
}

}  // namespace
}  // namespace tutti::mediaplane
