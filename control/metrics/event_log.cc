#include "control/metrics/event_log.h"

#include "common/log/log.h"
#include "control/rules/machine.h"

namespace tutti::control {
namespace {

// Why it has failed; empty: it has not.
template <typename Resource>
std::string ReasonOf(const Resource& resource) {
  if (resource.failure_reason() == 0) return "";
  return Word(Resource::FailureReason_Name(resource.failure_reason()), "FAILURE_REASON_");
}

void LogEvent(const v1::Event& event) {
  const std::string& type = event.type();
  if (type == "conference_created" || type == "conference_deleted") {
    log::Info(type, {{"conference_id", event.conference().id()},
                     {"customer_id", event.conference().customer_id()},
                     {"event_id", event.id()}});
  } else if (type == "conferencecall_joined") {
    log::Info(type, {{"conference_id", event.conferencecall().conference_id()},
                     {"conferencecall_id", event.conferencecall().id()},
                     {"call_id", event.conferencecall().reference_id()}});
  } else if (type == "conferencecall_leaved") {
    log::Info(type, {{"conference_id", event.conferencecall().conference_id()},
                     {"conferencecall_id", event.conferencecall().id()},
                     {"call_id", event.conferencecall().reference_id()},
                     {"reason", Word(v1::Conferencecall::LeaveReason_Name(event.conferencecall().leave_reason()),
                                     "LEAVE_REASON_")}});
  } else if (type == "call_progressing") {
    log::Info(type, {{"call_id", event.call().id()}, {"customer_id", event.call().customer_id()}});
  } else if (type == "call_hangup") {
    log::Info(type, {{"call_id", event.call().id()},
                     {"customer_id", event.call().customer_id()},
                     {"reason", Word(v1::Call::HangupReason_Name(event.call().hangup_reason()), "HANGUP_REASON_")}});
  } else if (event.has_recording()) {
    const v1::Recording& recording = event.recording();
    log::Info(type, {{"recording_id", recording.id()},
                     {"conference_id", recording.reference_id()},
                     {"customer_id", recording.customer_id()},
                     {"reason", ReasonOf(recording)}});
  } else if (event.has_transcribe()) {
    const v1::Transcribe& transcribe = event.transcribe();
    log::Info(type, {{"transcribe_id", transcribe.id()},
                     {"conference_id", transcribe.reference_id()},
                     {"customer_id", transcribe.customer_id()},
                     {"language", transcribe.language()},
                     {"provider", transcribe.provider()},
                     {"degraded", transcribe.degraded()},
                     {"reason", ReasonOf(transcribe)}});
  }
}

}  // namespace

void LogEvents(const Effects& effects) {
  for (const v1::Event& event : effects.events) LogEvent(event);
}

}  // namespace tutti::control
