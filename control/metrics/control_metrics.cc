#include "control/metrics/control_metrics.h"

#include <utility>

#include "google/protobuf/descriptor.h"

namespace tutti::control {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// An enum's word: its value name less the prefix, in lower case.
std::string Word(const google::protobuf::EnumDescriptor& type, int number, size_t prefix) {
  const auto* value = type.FindValueByNumber(number);
  if (value == nullptr) return "unknown";
  std::string word = value->name().substr(prefix);
  for (char& c : word) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return word;
}

constexpr size_t kStatusPrefix = sizeof("STATUS_") - 1;
constexpr size_t kLeaveReasonPrefix = sizeof("LEAVE_REASON_") - 1;
constexpr size_t kHangupReasonPrefix = sizeof("HANGUP_REASON_") - 1;
constexpr size_t kFailureReasonPrefix = sizeof("FAILURE_REASON_") - 1;

// Of what has ended without a failure.
constexpr char kNone[] = "none";

MetricFamily Family(const char* name, const char* help, MetricType type) { return {name, help, type, {}}; }

void Add(MetricFamily& family, double value, std::vector<ClientMetric::Label> labels = {}) {
  ClientMetric& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  if (family.type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

MetricFamily One(const char* name, const char* help, MetricType type, int64_t value) {
  MetricFamily family = Family(name, help, type);
  Add(family, static_cast<double>(value));
  return family;
}

MetricFamily ByStatus(const char* name, const char* help, const google::protobuf::EnumDescriptor& type,
                      const std::vector<int64_t>& counts) {
  MetricFamily family = Family(name, help, MetricType::Gauge);
  for (int i = 1; i < type.value_count(); ++i) {
    const int status = type.value(i)->number();
    const bool is_known = static_cast<size_t>(status) < counts.size();
    Add(family, is_known ? static_cast<double>(counts[status]) : 0, {{"status", Word(type, status, kStatusPrefix)}});
  }
  return family;
}

// Every reason is there from the start, at zero: a rate needs a value to begin from.
void AddReasons(prometheus::Family<prometheus::Counter>& family, const google::protobuf::EnumDescriptor& type,
                size_t prefix) {
  for (int i = 1; i < type.value_count(); ++i) family.Add({{"reason", Word(type, type.value(i)->number(), prefix)}});
}

}  // namespace

ControlMetrics::ControlMetrics(prometheus::Registry& registry)
    : events_(prometheus::BuildCounter()
                  .Name("tutti_control_events_written_total")
                  .Help("Events committed to the outbox, by type.")
                  .Register(registry)),
      joins_(prometheus::BuildCounter()
                 .Name("tutti_control_joins_total")
                 .Help("Participants that joined a conference.")
                 .Register(registry)
                 .Add({})),
      leaves_(prometheus::BuildCounter()
                  .Name("tutti_control_leaves_total")
                  .Help("Participants that left a conference, by reason.")
                  .Register(registry)),
      hangups_(prometheus::BuildCounter()
                   .Name("tutti_control_hangups_total")
                   .Help("Calls that ended, by reason.")
                   .Register(registry)),
      recordings_ended_(prometheus::BuildCounter()
                            .Name("tutti_control_recordings_ended_total")
                            .Help("Recordings that ended, by what they failed of; none: they did not fail.")
                            .Register(registry)),
      transcribes_ended_(prometheus::BuildCounter()
                             .Name("tutti_control_transcribes_ended_total")
                             .Help("Transcriptions that ended, by what they failed of; none: they did not fail.")
                             .Register(registry)),
      transcripts_(prometheus::BuildCounter()
                       .Name("tutti_control_transcripts_total")
                       .Help("Texts of transcriptions that were stored.")
                       .Register(registry)
                       .Add({})),
      commit_seconds_(prometheus::BuildHistogram()
                          .Name("tutti_control_store_commit_seconds")
                          .Help("Duration of the store's transactions, from begin to durable, in seconds.")
                          .Register(registry)
                          .Add({}, prometheus::Histogram::BucketBoundaries{0.0005, 0.001, 0.002, 0.005, 0.01, 0.02,
                                                                           0.05, 0.1, 0.5, 2})),
      commit_steps_(prometheus::BuildHistogram()
                        .Name("tutti_control_store_commit_steps")
                        .Help("Steps that one transaction of the store committed.")
                        .Register(registry)
                        .Add({}, prometheus::Histogram::BucketBoundaries{1, 2, 4, 8, 16, 32, 64, 128, 256, 512})),
      delivery_seconds_(
          prometheus::BuildHistogram()
              .Name("tutti_control_watch_lag_seconds")
              .Help("Age of an event when a Watch delivered it, in seconds; without those from before the Watch.")
              .Register(registry)
              .Add({}, prometheus::Histogram::BucketBoundaries{0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30})) {
  AddReasons(leaves_, *v1::Conferencecall::LeaveReason_descriptor(), kLeaveReasonPrefix);
  AddReasons(hangups_, *v1::Call::HangupReason_descriptor(), kHangupReasonPrefix);
  AddReasons(recordings_ended_, *v1::Recording::FailureReason_descriptor(), kFailureReasonPrefix);
  AddReasons(transcribes_ended_, *v1::Transcribe::FailureReason_descriptor(), kFailureReasonPrefix);
  recordings_ended_.Add({{"reason", kNone}});
  transcribes_ended_.Add({{"reason", kNone}});
}

void ControlMetrics::OnCommit(const Effects& effects) {
  for (const v1::Event& event : effects.events) {
    events_.Add({{"type", event.type()}}).Increment();
    if (event.type() == "conferencecall_joined") {
      joins_.Increment();
    } else if (event.type() == "conferencecall_leaved") {
      const int reason = event.conferencecall().leave_reason();
      leaves_.Add({{"reason", Word(*v1::Conferencecall::LeaveReason_descriptor(), reason, kLeaveReasonPrefix)}})
          .Increment();
    } else if (event.type() == "call_hangup") {
      const int reason = event.call().hangup_reason();
      hangups_.Add({{"reason", Word(*v1::Call::HangupReason_descriptor(), reason, kHangupReasonPrefix)}}).Increment();
    } else if (event.type() == "recording_finished" || event.type() == "recording_failed") {
      const int reason = event.recording().failure_reason();
      const auto& type = *v1::Recording::FailureReason_descriptor();
      recordings_ended_.Add({{"reason", reason == 0 ? kNone : Word(type, reason, kFailureReasonPrefix)}}).Increment();
    } else if (event.type() == "transcribe_done") {
      const int reason = event.transcribe().failure_reason();
      const auto& type = *v1::Transcribe::FailureReason_descriptor();
      transcribes_ended_.Add({{"reason", reason == 0 ? kNone : Word(type, reason, kFailureReasonPrefix)}}).Increment();
    } else if (event.type() == "transcript_created") {
      transcripts_.Increment();
    }
  }
}

void ControlMetrics::OnStoreCommit(size_t steps, absl::Duration latency) {
  commit_steps_.Observe(static_cast<double>(steps));
  commit_seconds_.Observe(absl::ToDoubleSeconds(latency));
}

void ControlMetrics::OnDelivered(absl::Duration age) { delivery_seconds_.Observe(absl::ToDoubleSeconds(age)); }

std::vector<MetricFamily> ControlGauges::Collect() const {
  std::vector<MetricFamily> families;
  if (const auto counts = sources_.counts(); counts.ok()) {
    families.push_back(ByStatus("tutti_control_conferences", "Conferences that are kept, by status.",
                                *v1::Conference::Status_descriptor(), counts->conferences));
    families.push_back(ByStatus("tutti_control_participants", "Conferencecalls that are kept, by status.",
                                *v1::Conferencecall::Status_descriptor(), counts->conferencecalls));
    families.push_back(ByStatus("tutti_control_calls", "Calls that are kept, by status.",
                                *v1::Call::Status_descriptor(), counts->calls));
    families.push_back(ByStatus("tutti_control_recordings", "Recordings that have not ended, by status.",
                                *v1::Recording::Status_descriptor(), counts->recordings));
    families.push_back(ByStatus("tutti_control_transcribes", "Transcriptions that have not ended, by status.",
                                *v1::Transcribe::Status_descriptor(), counts->transcribes));
  }
  families.push_back(One("tutti_control_store_queue_depth", "Steps that wait for the store's writer.",
                         MetricType::Gauge, sources_.store_queue_depth()));
  families.push_back(One("tutti_control_read_queue_depth", "Requests that wait for a reader of the store.",
                         MetricType::Gauge, sources_.read_queue_depth()));
  families.push_back(One("tutti_control_dispatcher_queue_depth",
                         "Legs, bridges, recordings and transcriptions whose command waits or is under way.",
                         MetricType::Gauge, sources_.dispatcher_depth()));
  families.push_back(One("tutti_control_dispatcher_retries_total",
                         "Commands to media nodes that failed and were sent again.", MetricType::Counter,
                         sources_.dispatcher_retries()));
  families.push_back(
      One("tutti_control_watches", "Watches of events that are open.", MetricType::Gauge, sources_.watches()));
  families.push_back(One("tutti_control_media_node_events_total", "Events received from media nodes.",
                         MetricType::Counter, sources_.node_events()));
  families.push_back(One("tutti_control_media_node_reconciles_total",
                         "Times that the store and a media node were brought together by a snapshot.",
                         MetricType::Counter, sources_.reconciles()));
  families.push_back(One("tutti_control_live_events_total",
                         "Live events made: digits, and who begins and ends to talk.", MetricType::Counter,
                         sources_.live_events()));
  families.push_back(
      One("tutti_control_live_events_lost_total",
          "Digits and changes of who talks that were lost on the way from a media node or were too many.",
          MetricType::Counter, sources_.live_events_lost()));
  families.push_back(One("tutti_control_sound_loads_total", "Sounds that were read, fetched or spoken.",
                         MetricType::Counter, sources_.sound_loads()));
  families.push_back(One("tutti_control_syntheses_total", "Texts that the speech server was asked to speak.",
                         MetricType::Counter, sources_.syntheses()));
  families.push_back(One("tutti_control_syntheses_failed_total", "Of these, those that it did not speak.",
                         MetricType::Counter, sources_.syntheses_failed()));
  families.push_back(One("tutti_control_plays_total",
                         "Sounds that were asked to be played: announcements, flows, beeps.", MetricType::Counter,
                         sources_.plays()));
  families.push_back(One("tutti_control_plays_failed_total", "Of these, those that no media node took.",
                         MetricType::Counter, sources_.plays_failed()));
  families.push_back(One("tutti_control_operations_total", "Sounds and requests that flows waited for.",
                         MetricType::Counter, sources_.operations()));
  families.push_back(One("tutti_control_operations_failed_total", "Of these, those that failed.", MetricType::Counter,
                         sources_.operations_failed()));
  MetricFamily up = Family("tutti_control_media_node_up", "1 if the media node is in step with the store, else 0.",
                           MetricType::Gauge);
  MetricFamily legs = Family("tutti_control_media_node_legs", "Legs that the media node reports.", MetricType::Gauge);
  for (const auto& [id, node] : sources_.nodes()) {
    Add(up, node.available ? 1 : 0, {{"node_id", id}});
    Add(legs, node.legs, {{"node_id", id}});
  }
  families.push_back(std::move(up));
  families.push_back(std::move(legs));
  return families;
}

}  // namespace tutti::control
