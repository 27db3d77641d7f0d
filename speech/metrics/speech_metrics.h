#ifndef SPEECH_METRICS_SPEECH_METRICS_H_
#define SPEECH_METRICS_SPEECH_METRICS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "prometheus/collectable.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace tutti::speech {

// What the speech process counts while it works. Thread-safe.
class SpeechMetrics {
 public:
  explicit SpeechMetrics(prometheus::Registry& registry);

  // They show a provider's figures from now on, at zero.
  void AddRecognizer(const std::string& provider);
  void AddSynthesizer(const std::string& provider);
  // A recogniser that there should be could not be opened.
  void OnRecognizerMissing() { recognizers_missing_.Increment(); }

  void OnUtterance(const std::string& provider);
  void OnAudio(const std::string& provider, double seconds);
  void OnFinal(const std::string& provider, bool empty, absl::Duration queued);
  // What a decoder took for an utterance, seconds of CPU time.
  void OnDecoded(const std::string& provider, double cpu_seconds);
  // It left an utterance that still came for one that had ended.
  void OnGivenUp(const std::string& provider);
  void OnDecoderRestart(const std::string& provider);
  void OnSynthesis(const std::string& provider, bool ok, double audio_seconds);

 private:
  using Counters = prometheus::Family<prometheus::Counter>;

  Counters& utterances_;
  Counters& audio_seconds_;
  Counters& finals_;
  Counters& empty_finals_;
  prometheus::Family<prometheus::Histogram>& queued_seconds_;
  Counters& cpu_seconds_;
  Counters& given_up_;
  Counters& restarts_;
  Counters& syntheses_;
  Counters& synthesis_failures_;
  Counters& synthesis_audio_seconds_;
  prometheus::Gauge& recognizers_missing_;
};

// What is read at each scrape, on the scraper's thread.
class SpeechGauges final : public prometheus::Collectable {
 public:
  struct Provider {
    std::string name;
    int waiting = 0;
    absl::Duration oldest_age;
    size_t bytes = 0;
    int decoders = 0;
  };
  struct Sources {
    // Of those with decoders of their own.
    std::function<std::vector<Provider>()> providers;
    std::function<int64_t()> streams;
    std::function<int64_t()> syntheses;
  };

  explicit SpeechGauges(Sources sources) : sources_(std::move(sources)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Sources sources_;
};

}  // namespace tutti::speech

#endif  // SPEECH_METRICS_SPEECH_METRICS_H_
