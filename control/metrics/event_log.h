#ifndef CONTROL_METRICS_EVENT_LOG_H_
#define CONTROL_METRICS_EVENT_LOG_H_

#include "control/rules/media.h"

namespace tutti::control {

// A log line for each room that begins or ends, each call that is answered or hangs
// up, and each participant that joins or leaves, with all their ids. Thread-safe;
// does not block.
void LogEvents(const Effects& effects);

}  // namespace tutti::control

#endif  // CONTROL_METRICS_EVENT_LOG_H_
