#ifndef CONTROL_CORE_EVENT_TYPES_H_
#define CONTROL_CORE_EVENT_TYPES_H_

#include <algorithm>
#include <string>

namespace tutti::control {

// Of events that are stored and counted in their streams.
inline constexpr const char* kEventTypes[] = {
    "conference_created",    "conference_updated",     "conference_deleted",     "conferencecall_joining",
    "conferencecall_joined", "conferencecall_updated", "conferencecall_leaving", "conferencecall_leaved",
    "call_ringing",          "call_progressing",       "call_updated",           "call_terminating",
    "call_hangup",           "flow_created",           "flow_updated",           "flow_deleted",
    "recording_started",     "recording_paused",       "recording_resumed",      "recording_finished",
    "recording_failed",      "transcribe_created",     "transcribe_progressing", "transcribe_updated",
    "transcribe_done",       "transcript_created",
};

// Of events that are seen only while they happen, by those who ask for them by name.
inline constexpr const char* kLiveEventTypes[] = {
    "conferencecall_talking",
    "call_dtmf",
    "transcript_interim",
};

inline bool IsLiveEventType(const std::string& type) {
  return std::find(std::begin(kLiveEventTypes), std::end(kLiveEventTypes), type) != std::end(kLiveEventTypes);
}

inline bool IsEventType(const std::string& type) {
  return std::find(std::begin(kEventTypes), std::end(kEventTypes), type) != std::end(kEventTypes) ||
         IsLiveEventType(type);
}

}  // namespace tutti::control

#endif  // CONTROL_CORE_EVENT_TYPES_H_
