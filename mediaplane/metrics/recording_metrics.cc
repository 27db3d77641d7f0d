#include "mediaplane/metrics/recording_metrics.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "mediaplane/audio/format.h"

namespace tutti::mediaplane {
namespace {

using media::v1::RecordingState;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double kMsPerSecond = 1000;

MetricFamily Family(const char* name, const char* help, MetricType type) {
  MetricFamily family;
  family.name = std::string("tutti_mediaplane_") + name;
  family.help = help;
  family.type = type;
  return family;
}

void Append(MetricFamily& family, double value, std::vector<prometheus::ClientMetric::Label> labels = {}) {
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
}

// "disk_full"
std::string Reason(int failure) {
  const std::string name = RecordingState::Failure_Name(static_cast<RecordingState::Failure>(failure));
  return absl::AsciiStrToLower(name.substr(sizeof("FAILURE_") - 1));
}

}  // namespace

RecordingMetrics::RecordingMetrics(const RecordingFigures& figures, std::function<unsigned()> tap_depth_max)
    : figures_(figures), tap_depth_max_(std::move(tap_depth_max)) {}

std::vector<MetricFamily> RecordingMetrics::Collect() const {
  std::vector<MetricFamily> families;
  const auto add = [&](const char* name, const char* help, MetricType type, double value) {
    families.push_back(Family(name, help, type));
    Append(families.back(), value);
  };
  const auto gauge = [&](const char* name, const char* help, double value) {
    add(name, help, MetricType::Gauge, value);
  };
  const auto counter = [&](const char* name, const char* help, double value) {
    add(name, help, MetricType::Counter, value);
  };
  constexpr double kTickSeconds = kTickMs / kMsPerSecond;
  gauge("recordings", "Recordings under way now, paused ones too.", static_cast<double>(figures_.active));
  gauge("recordings_finishing", "Recordings whose files are being finished now, or wait for it.",
        static_cast<double>(figures_.finishing));
  gauge("recordings_kept", "Recordings that are over and have files here.", static_cast<double>(figures_.kept));
  counter("recordings_ended_total", "Recordings that ended as they should.", static_cast<double>(figures_.ended));
  MetricFamily failed = Family("recordings_failed_total", "Recordings that failed, by reason; what was saved is kept.",
                               MetricType::Counter);
  for (int i = 1; i < RecordingState::Failure_ARRAYSIZE; ++i) {
    Append(failed, static_cast<double>(figures_.failed[static_cast<size_t>(i)]), {{"reason", Reason(i)}});
  }
  families.push_back(std::move(failed));
  counter("recording_written_bytes_total", "Sound written into recordings, without silence.",
          static_cast<double>(figures_.bytes_written));
  counter("recording_seconds_total", "Sound recorded, all recordings together.",
          static_cast<double>(figures_.ticks) * kTickSeconds);
  counter("recording_filled_seconds_total", "Of recordings' time: silence where ticks did not come.",
          static_cast<double>(figures_.ticks_filled) * kTickSeconds);
  counter("recording_speaker_lost_seconds_total",
          "Speech that is in the mixed file alone: the recording had as many speakers' files as it can have.",
          static_cast<double>(figures_.speaker_ticks_lost) * kTickSeconds);
  gauge("recording_waiting_seconds_max",
        "The most sound of one recording that has waited for the disk; one fails above 10 s.",
        static_cast<double>(figures_.waiting_ticks_max) * kTickSeconds);
  counter("recording_finisher_runs_total", "Runs of the program that finishes recordings.",
          static_cast<double>(figures_.finisher_runs));
  counter("recording_finisher_failures_total", "Runs of it that did not finish their recording.",
          static_cast<double>(figures_.finisher_failures));
  gauge("recording_uploads_waiting", "Recordings that wait to go to the object store, or to be deleted there.",
        static_cast<double>(figures_.uploads_waiting));
  counter("recordings_uploaded_total", "Recordings that have gone to the object store.",
          static_cast<double>(figures_.uploaded));
  counter("recording_uploaded_bytes_total", "Bytes of their files.", static_cast<double>(figures_.uploaded_bytes));
  counter("recording_upload_failures_total", "Uploads that failed and are made again, and deletions.",
          static_cast<double>(figures_.upload_failures));
  gauge("tap_ring_depth_max", "The most messages of tapped bridges that have waited in one ring.", tap_depth_max_());
  return families;
}

}  // namespace tutti::mediaplane
