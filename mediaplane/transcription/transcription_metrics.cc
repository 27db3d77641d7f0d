#include "mediaplane/transcription/transcription_metrics.h"

#include <string>

namespace tutti::mediaplane {
namespace {

constexpr double kNsPerSecond = 1e9;

prometheus::Gauge& MakeGauge(prometheus::Registry& registry, const std::string& name, const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Counter& MakeCounter(prometheus::Registry& registry, const std::string& name, const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

}  // namespace

TranscriptionMetrics::TranscriptionMetrics(prometheus::Registry& registry)
    : running_(MakeGauge(registry, "tutti_mediaplane_transcriptions", "Transcriptions that are not over.")),
      degraded_(MakeGauge(registry, "tutti_mediaplane_transcriptions_degraded",
                          "Of these, those whose texts are late, or that lost speech.")),
      sent_(MakeCounter(registry, "tutti_mediaplane_transcription_utterances_sent_total",
                        "Utterances that went to the speech server; one that was sent again counts again.")),
      lost_(MakeCounter(registry, "tutti_mediaplane_transcription_utterances_lost_total",
                        "Utterances that never became text since the speech server was away or slow.")),
      streams_broken_(MakeCounter(registry, "tutti_mediaplane_transcription_streams_broken_total",
                                  "Streams to the speech server that broke, or did not come about.")),
      lateness_seconds_(prometheus::BuildHistogram()
                            .Name("tutti_mediaplane_transcription_lateness_seconds")
                            .Help("From the end of speech to its text, of utterances that became one, in seconds.")
                            .Register(registry)
                            .Add({}, prometheus::Histogram::BucketBoundaries{0.25, 0.5, 1, 2, 4, 7, 10, 20, 40, 80})) {}

void TranscriptionMetrics::SetRunning(int64_t transcriptions, int64_t degraded) {
  running_.Set(static_cast<double>(transcriptions));
  degraded_.Set(static_cast<double>(degraded));
}

void TranscriptionMetrics::OnAnswered(int64_t lateness_ns) {
  lateness_seconds_.Observe(static_cast<double>(lateness_ns) / kNsPerSecond);
}

}  // namespace tutti::mediaplane
