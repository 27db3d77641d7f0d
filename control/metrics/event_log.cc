#include "control/metrics/event_log.h"

#include "common/log/log.h"
#include "control/core/machine.h"

namespace tutti::control {
namespace {

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
  }
}

}  // namespace

void LogEvents(const Effects& effects) {
  for (const v1::Event& event : effects.events) LogEvent(event);
}

}  // namespace tutti::control
