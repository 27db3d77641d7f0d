#ifndef MEDIAPLANE_TRANSCRIPTION_TRANSCRIPTION_METRICS_H_
#define MEDIAPLANE_TRANSCRIPTION_TRANSCRIPTION_METRICS_H_

#include <cstdint>

#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace tutti::mediaplane {

// The families tutti_mediaplane_transcription…. Thread-safe; the registry outlives it.
class TranscriptionMetrics {
 public:
  explicit TranscriptionMetrics(prometheus::Registry& registry);

  void SetRunning(int64_t transcriptions, int64_t degraded);
  void OnSent(int64_t utterances) { sent_.Increment(static_cast<double>(utterances)); }
  void OnLost(int64_t utterances) { lost_.Increment(static_cast<double>(utterances)); }
  void OnStreamBroken() { streams_broken_.Increment(); }
  // A text came so long after its speech.
  void OnAnswered(int64_t lateness_ns);

 private:
  prometheus::Gauge& running_;
  prometheus::Gauge& degraded_;
  prometheus::Counter& sent_;
  prometheus::Counter& lost_;
  prometheus::Counter& streams_broken_;
  prometheus::Histogram& lateness_seconds_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_TRANSCRIPTION_TRANSCRIPTION_METRICS_H_
