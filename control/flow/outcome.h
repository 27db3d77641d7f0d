#ifndef CONTROL_FLOW_OUTCOME_H_
#define CONTROL_FLOW_OUTCOME_H_

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "control/sound/spoken_text.h"

namespace tutti::flow {

// A call's variables by name.
using Variables = std::map<std::string, std::string>;

// What an action asks for: whoever runs the flow does it.

struct Continue {};

// The action could not be done; the flow goes on with the next one.
struct Refuse {
  absl::Status why;
};

// On to the action of this id.
struct Jump {
  std::string target_id;
};

// The same, so often at most.
struct Goto {
  std::string target_id;
  int times = 1;
};

struct SetVariable {
  std::string key;
  std::string value;
};

// Waits until the participant that it makes has left its room.
struct JoinRequest {
  std::string conference_id;
  std::string pin;
  bool host = false;
  bool muted = false;
  int pin_attempts = 0;
  std::string pin_sound;
};

struct Sleep {
  absl::Duration duration;
};

// Waits for the last sound's end.
struct Play {
  std::vector<std::string> sounds;
  bool stop_on_dtmf = false;
};

// Waits for the text's end.
struct Talk {
  control::SpokenText text;
  bool stop_on_dtmf = false;
};

struct ReceiveDigits {
  // For each.
  absl::Duration wait;
  int length = 1;
  std::string end_digits;
  // Empty: none.
  std::string sound;
};

struct RunFlow {
  std::string flow_id;
};

// Waits for the answer.
struct SendRequest {
  std::string uri;
  std::string method;
  std::string content_type;
  std::string body;
};

struct Hangup {};

using Outcome = std::variant<Continue, Refuse, Jump, Goto, SetVariable, JoinRequest, Sleep, Play, Talk, ReceiveDigits,
                             RunFlow, SendRequest, Hangup>;

}  // namespace tutti::flow

#endif  // CONTROL_FLOW_OUTCOME_H_
