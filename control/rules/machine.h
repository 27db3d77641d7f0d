#ifndef CONTROL_RULES_MACHINE_H_
#define CONTROL_RULES_MACHINE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/status/status.h"

namespace tutti::control {

// A line of a state table. A state that leads to itself says that the event is
// legal there and changes nothing; a pair without a line is illegal.
template <typename State, typename Event>
struct Transition {
  State from;
  Event event;
  State to;
};

template <typename State, typename Event>
std::optional<State> FindNext(absl::Span<const Transition<State, Event>> table, State state, Event event) {
  for (const Transition<State, Event>& line : table) {
    if (line.from == state && line.event == event) return line.to;
  }
  return std::nullopt;
}

// "progressing" of "STATUS_PROGRESSING".
inline std::string Word(const std::string& value_name, const std::string& prefix) {
  return absl::AsciiStrToLower(absl::string_view(value_name).substr(prefix.size()));
}

inline absl::Status IllegalTransition(const std::string& resource, const std::string& id, const std::string& state,
                                      const std::string& event) {
  return Error(absl::StatusCode::kFailedPrecondition, "STATE_INVALID",
               absl::StrCat(resource, " ", id, " is ", state, ": it can't ", event), {{"status", state}});
}

}  // namespace tutti::control

#endif  // CONTROL_RULES_MACHINE_H_
