#include "mediaplane/metrics/engine_metrics.h"

#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "prometheus/client_metric.h"

namespace tutti::mediaplane {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double kNsPerSecond = 1e9;
constexpr double kUsPerSecond = 1e6;
constexpr double kPermille = 1e3;

struct WorkerFamily {
  const char* name;
  const char* help;
  MetricType type;
  Counter WorkerCounters::*counter;
  // What one of the metric's unit is in the counter's.
  double divisor = 1;
};

// Each with a label "worker".
constexpr WorkerFamily kWorkerFamilies[] = {
    {"rtp_packets_received_total", "Audio packets accepted from callers.", MetricType::Counter,
     &WorkerCounters::rtp_received},
    {"rtp_received_bytes_total", "RTP bytes accepted from callers, header and payload.", MetricType::Counter,
     &WorkerCounters::rtp_bytes_received},
    {"rtp_packets_sent_total", "RTP packets sent to callers.", MetricType::Counter, &WorkerCounters::rtp_sent},
    {"rtp_sent_bytes_total", "RTP bytes sent to callers, header and payload.", MetricType::Counter,
     &WorkerCounters::rtp_bytes_sent},
    {"rtcp_packets_received_total", "RTCP packets accepted from callers.", MetricType::Counter,
     &WorkerCounters::rtcp_received},
    {"rtcp_packets_sent_total", "RTCP packets sent to callers.", MetricType::Counter, &WorkerCounters::rtcp_sent},
    {"telephone_event_packets_received_total", "Packets of telephone-events; they are never mixed.",
     MetricType::Counter, &WorkerCounters::telephone_events_received},
    {"digits_received_total", "DTMF digits that those packets told of.", MetricType::Counter,
     &WorkerCounters::digits_received},
    {"digits_lost_total", "Digits that found no room on their way to control.", MetricType::Counter,
     &WorkerCounters::digits_lost},
    {"plays_ended_total", "Plays of a sound to a leg or a bridge that have ended.", MetricType::Counter,
     &WorkerCounters::plays_ended},
    {"tap_messages_total", "Messages told of bridges that are recorded, streamed or transcribed.", MetricType::Counter,
     &WorkerCounters::tap_messages},
    {"tap_messages_lost_total", "Messages that found no room there: recordings have silence instead.",
     MetricType::Counter, &WorkerCounters::tap_messages_lost},
    {"comfort_noise_packets_received_total", "Comfort-noise packets; they are played as silence.", MetricType::Counter,
     &WorkerCounters::comfort_noise_received},
    {"rtp_packets_lost_total", "Packets missing by their sequence numbers.", MetricType::Counter,
     &WorkerCounters::packets_lost},
    {"rtp_packets_late_total", "Packets that came too late to be played.", MetricType::Counter,
     &WorkerCounters::packets_late},
    {"rtp_packets_duplicate_total", "Packets that came twice.", MetricType::Counter,
     &WorkerCounters::packets_duplicate},
    {"frames_concealed_total", "Frames of 20 ms that had to be made up.", MetricType::Counter,
     &WorkerCounters::frames_concealed},
    {"frames_discarded_total", "Frames thrown away to bring a jitter buffer's delay down.", MetricType::Counter,
     &WorkerCounters::frames_discarded},
    {"jitter_buffer_delay_seconds", "Depth of the jitter buffers now, mean of the legs that receive.",
     MetricType::Gauge, &WorkerCounters::buffer_delay_us, kUsPerSecond},
    {"ticks_total", "Ticks run; a tick is 20 ms of the work of one phase.", MetricType::Counter,
     &WorkerCounters::ticks},
    {"ticks_late_total", "Ticks run back to back after a late one.", MetricType::Counter, &WorkerCounters::ticks_late},
    {"ticks_skipped_total", "Ticks that were too late to be run.", MetricType::Counter, &WorkerCounters::ticks_skipped},
    {"frames_decoded_total", "Frames decoded.", MetricType::Counter, &WorkerCounters::frames_decoded},
    {"frames_encoded_total", "Frames encoded; one that many listeners share counts once.", MetricType::Counter,
     &WorkerCounters::frames_encoded},
    {"source_changes_total", "Times that a leg's source of media changed by the source rule.", MetricType::Counter,
     &WorkerCounters::source_changes},
    {"commands_total", "Commands carried out.", MetricType::Counter, &WorkerCounters::commands},
    {"leg_handovers_total", "Legs handed to another worker.", MetricType::Counter, &WorkerCounters::handovers},
    {"engine_events_lost_total", "Events that found the event ring full; a resync follows.", MetricType::Counter,
     &WorkerCounters::events_lost},
    {"worker_legs", "Legs that the worker runs now.", MetricType::Gauge, &WorkerCounters::legs},
    {"worker_bridges", "Bridges with a leg, a play or a tap that the worker runs now.", MetricType::Gauge,
     &WorkerCounters::bridges},
    {"worker_load_ratio", "Share of the last 5 s that the worker's ticks took; new legs are refused above 0.8.",
     MetricType::Gauge, &WorkerCounters::load_permille, kPermille},
};

MetricFamily Family(std::string_view name, std::string_view help, MetricType type) {
  MetricFamily family;
  family.name = "tutti_mediaplane_" + std::string(name);
  family.help = std::string(help);
  family.type = type;
  return family;
}

void Append(MetricFamily& family, std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  if (family.type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

MetricFamily Single(std::string_view name, std::string_view help, MetricType type, uint64_t value) {
  MetricFamily family = Family(name, help, type);
  Append(family, {}, static_cast<double>(value));
  return family;
}

ClientMetric::Label WorkerLabel(size_t worker) { return {"worker", absl::StrCat(worker)}; }

MetricFamily TickFamily(const char* name, const char* help, const std::vector<WorkerSource>& workers,
                        TickHistogram WorkerCounters::*histogram) {
  MetricFamily family = Family(name, help, MetricType::Histogram);
  for (size_t w = 0; w < workers.size(); ++w) {
    const TickHistogram& source = workers[w].engine->*histogram;
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = {WorkerLabel(w)};
    uint64_t count = 0;
    for (size_t i = 0; i < TickHistogram::bucket_count(); ++i) {
      count += source.bucket(i);
      const double bound = i < kTickBucketsNs.size() ? static_cast<double>(kTickBucketsNs[i]) / kNsPerSecond
                                                     : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back({count, bound});
    }
    metric.histogram.sample_count = count;
    metric.histogram.sample_sum = static_cast<double>(source.sum_ns()) / kNsPerSecond;
  }
  return family;
}

MetricFamily DropFamily(const std::vector<WorkerSource>& workers) {
  MetricFamily family =
      Family("packets_dropped_total", "Packets dropped, by the stage that dropped them and why.", MetricType::Counter);
  for (size_t w = 0; w < workers.size(); ++w) {
    const auto append = [&](const char* stage, std::string_view reason, uint64_t value) {
      Append(family, {WorkerLabel(w), {"stage", stage}, {"reason", std::string(reason)}}, static_cast<double>(value));
    };
    for (size_t i = 0; i < static_cast<size_t>(PortDrop::kCount); ++i) {
      append("port", PortDropName(static_cast<PortDrop>(i)), workers[w].port->drops[i]);
    }
    for (size_t i = 0; i < static_cast<size_t>(EngineDrop::kCount); ++i) {
      append("engine", EngineDropName(static_cast<EngineDrop>(i)), workers[w].engine->drops[i].Get());
    }
  }
  return family;
}

}  // namespace

EngineMetrics::EngineMetrics(std::vector<WorkerSource> workers, uint64_t legs_max, uint64_t packets_max,
                             std::function<uint64_t()> packets_in_use)
    : workers_(std::move(workers)),
      legs_max_(legs_max),
      packets_max_(packets_max),
      packets_in_use_(std::move(packets_in_use)) {}

void EngineMetrics::Update(const ControlFigures& figures) {
  legs_ = figures.legs;
  bridges_ = figures.bridges;
  busy_ = figures.busy;
  ports_skipped_ = figures.ports_skipped;
  event_sequence_ = figures.event_sequence;
  live_event_sequence_ = figures.live_event_sequence;
  sounds_ = figures.sounds;
  sound_bytes_ = figures.sound_bytes;
  plays_ = figures.plays;
  audio_streams_ = figures.audio_streams;
  audio_samples_dropped_ = figures.audio_samples_dropped;
  audio_frames_left_out_ = figures.audio_frames_left_out;
  audio_frames_added_ = figures.audio_frames_added;
  audio_streams_too_slow_ = figures.audio_streams_too_slow;
}

std::vector<MetricFamily> EngineMetrics::Collect() const {
  std::vector<MetricFamily> families;
  families.push_back(Single("legs", "Legs now: calls with media here.", MetricType::Gauge, legs_));
  families.push_back(Single("legs_max", "The most legs that the node was started for.", MetricType::Gauge, legs_max_));
  families.push_back(Single("bridges", "Bridges now: conferences that are mixed here.", MetricType::Gauge, bridges_));
  families.push_back(Single("busy", "1 while new legs are refused.", MetricType::Gauge, busy_));
  families.push_back(Single("ports_skipped_total", "RTP ports that could not be bound and were passed over.",
                            MetricType::Counter, ports_skipped_));
  families.push_back(
      Single("events_total", "Events written to the log that control watches.", MetricType::Counter, event_sequence_));
  families.push_back(Single("live_events_total", "Digits and talking events told to watchers, with those lost.",
                            MetricType::Counter, live_event_sequence_));
  families.push_back(Single("sounds", "Uploaded sounds that are kept.", MetricType::Gauge, sounds_));
  families.push_back(Single("sound_bytes", "Memory of the uploaded sounds.", MetricType::Gauge, sound_bytes_));
  families.push_back(Single("plays", "Sounds that are played or wait for it.", MetricType::Gauge, plays_));
  families.push_back(Single("audio_streams", "Audio streams that are open or may be opened by a token.",
                            MetricType::Gauge, audio_streams_));
  families.push_back(Single("audio_stream_samples_dropped_total",
                            "Samples that programs sent on audio streams faster than they are played, beyond 2 s.",
                            MetricType::Counter, audio_samples_dropped_));
  families.push_back(
      Single("audio_stream_frames_left_out_total",
             "Silent frames of 20 ms of programs on audio streams that were left out to shorten a delay.",
             MetricType::Counter, audio_frames_left_out_));
  families.push_back(Single("audio_stream_frames_added_total",
                            "Silent frames of 20 ms that were added, for a program that speaks too slowly.",
                            MetricType::Counter, audio_frames_added_));
  families.push_back(Single("audio_streams_too_slow_total",
                            "Audio streams that were closed because they were read too slowly.", MetricType::Counter,
                            audio_streams_too_slow_));
  families.push_back(Single("packet_buffers", "Packet buffers in the pool.", MetricType::Gauge, packets_max_));
  families.push_back(
      Single("packet_buffers_in_use", "Packet buffers taken from the pool.", MetricType::Gauge, packets_in_use_()));

  MetricFamily received =
      Family("packets_received_total", "Datagrams received on media ports, before any check.", MetricType::Counter);
  MetricFamily sent = Family("packets_sent_total", "Datagrams sent from media ports.", MetricType::Counter);
  MetricFamily depth = Family("command_queue_depth", "Commands that wait for the worker.", MetricType::Gauge);
  for (size_t w = 0; w < workers_.size(); ++w) {
    Append(received, {WorkerLabel(w)}, static_cast<double>(workers_[w].port->packets_received));
    Append(sent, {WorkerLabel(w)}, static_cast<double>(workers_[w].port->packets_sent));
    Append(depth, {WorkerLabel(w)}, workers_[w].command_queue_depth());
  }
  families.push_back(std::move(received));
  families.push_back(std::move(sent));
  families.push_back(std::move(depth));
  families.push_back(DropFamily(workers_));

  for (const WorkerFamily& row : kWorkerFamilies) {
    MetricFamily family = Family(row.name, row.help, row.type);
    for (size_t w = 0; w < workers_.size(); ++w) {
      Append(family, {WorkerLabel(w)}, static_cast<double>((workers_[w].engine->*row.counter).Get()) / row.divisor);
    }
    families.push_back(std::move(family));
  }
  families.push_back(
      TickFamily("tick_duration_seconds", "Time that a tick's work took.", workers_, &WorkerCounters::tick_duration));
  families.push_back(TickFamily("tick_lateness_seconds", "How long after its moment a tick began.", workers_,
                                &WorkerCounters::tick_lateness));
  return families;
}

}  // namespace tutti::mediaplane
