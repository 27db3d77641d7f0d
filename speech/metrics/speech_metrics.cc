#include "speech/metrics/speech_metrics.h"

namespace tutti::speech {
namespace {

using prometheus::MetricFamily;

prometheus::Family<prometheus::Counter>& Counter(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

const prometheus::Histogram::BucketBoundaries kQueuedSeconds = {0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60};

MetricFamily Gauge(const char* name, const char* help) { return {name, help, prometheus::MetricType::Gauge, {}}; }

void Add(MetricFamily& family, double value, std::vector<prometheus::ClientMetric::Label> labels = {}) {
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  metric.gauge.value = value;
}

}  // namespace

SpeechMetrics::SpeechMetrics(prometheus::Registry& registry)
    : utterances_(Counter(registry, "tutti_speech_utterances_total", "Utterances that began.")),
      audio_seconds_(Counter(registry, "tutti_speech_audio_seconds_total", "Seconds of utterances that came.")),
      finals_(Counter(registry, "tutti_speech_finals_total", "Final texts.")),
      empty_finals_(Counter(registry, "tutti_speech_empty_finals_total", "Of these, those without a word.")),
      queued_seconds_(prometheus::BuildHistogram()
                          .Name("tutti_speech_queued_seconds")
                          .Help("From an utterance's end until a decoder took it; 0 where one had it before.")
                          .Register(registry)),
      cpu_seconds_(Counter(registry, "tutti_speech_decode_cpu_seconds_total", "CPU time of decoders.")),
      given_up_(Counter(registry, "tutti_speech_given_up_total",
                        "Utterances that a decoder left before their end, for others that had ended.")),
      restarts_(Counter(registry, "tutti_speech_decoder_restarts_total", "Decoders that failed and were replaced.")),
      syntheses_(Counter(registry, "tutti_speech_syntheses_total", "Texts that were spoken.")),
      synthesis_failures_(Counter(registry, "tutti_speech_synthesis_failures_total", "Texts that were not.")),
      synthesis_audio_seconds_(
          Counter(registry, "tutti_speech_synthesis_audio_seconds_total", "Seconds of speech that were made.")),
      recognizers_missing_(prometheus::BuildGauge()
                               .Name("tutti_speech_recognizers_missing")
                               .Help("Recognisers whose model could not be opened at the start: they are not offered.")
                               .Register(registry)
                               .Add({})) {}

void SpeechMetrics::AddSynthesizer(const std::string& provider) {
  for (Counters* family : {&syntheses_, &synthesis_failures_, &synthesis_audio_seconds_}) {
    family->Add({{"provider", provider}});
  }
}

void SpeechMetrics::AddRecognizer(const std::string& provider) {
  for (Counters* family :
       {&utterances_, &audio_seconds_, &finals_, &empty_finals_, &cpu_seconds_, &given_up_, &restarts_}) {
    family->Add({{"provider", provider}});
  }
}

void SpeechMetrics::OnUtterance(const std::string& provider) { utterances_.Add({{"provider", provider}}).Increment(); }

void SpeechMetrics::OnAudio(const std::string& provider, double seconds) {
  audio_seconds_.Add({{"provider", provider}}).Increment(seconds);
}

void SpeechMetrics::OnFinal(const std::string& provider, bool empty, absl::Duration queued) {
  finals_.Add({{"provider", provider}}).Increment();
  if (empty) empty_finals_.Add({{"provider", provider}}).Increment();
  queued_seconds_.Add({{"provider", provider}}, kQueuedSeconds).Observe(absl::ToDoubleSeconds(queued));
}

void SpeechMetrics::OnDecoded(const std::string& provider, double cpu_seconds) {
  cpu_seconds_.Add({{"provider", provider}}).Increment(cpu_seconds);
}

void SpeechMetrics::OnGivenUp(const std::string& provider) { given_up_.Add({{"provider", provider}}).Increment(); }

void SpeechMetrics::OnDecoderRestart(const std::string& provider) {
  restarts_.Add({{"provider", provider}}).Increment();
}

void SpeechMetrics::OnSynthesis(const std::string& provider, bool ok, double audio_seconds) {
  (ok ? syntheses_ : synthesis_failures_).Add({{"provider", provider}}).Increment();
  synthesis_audio_seconds_.Add({{"provider", provider}}).Increment(audio_seconds);
}

std::vector<MetricFamily> SpeechGauges::Collect() const {
  MetricFamily streams = Gauge("tutti_speech_streams", "Streams of Recognize that are open.");
  MetricFamily syntheses = Gauge("tutti_speech_syntheses_in_flight", "Texts that wait, are spoken or are sent.");
  MetricFamily waiting = Gauge("tutti_speech_queue_depth", "Utterances that have ended and wait for a decoder.");
  MetricFamily age = Gauge("tutti_speech_queue_age_seconds", "How long the first of them has waited.");
  MetricFamily bytes = Gauge("tutti_speech_queue_bytes", "Samples that are kept until they are understood.");
  MetricFamily decoders = Gauge("tutti_speech_decoders", "Decoders that there are.");
  Add(streams, static_cast<double>(sources_.streams()));
  Add(syntheses, static_cast<double>(sources_.syntheses()));
  for (const Provider& provider : sources_.providers()) {
    const std::vector<prometheus::ClientMetric::Label> labels = {{"provider", provider.name}};
    Add(waiting, provider.waiting, labels);
    Add(age, absl::ToDoubleSeconds(provider.oldest_age), labels);
    Add(bytes, static_cast<double>(provider.bytes), labels);
    Add(decoders, provider.decoders, labels);
  }
  return {streams, syntheses, waiting, age, bytes, decoders};
}

}  // namespace tutti::speech
