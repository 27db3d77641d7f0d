#include "control/simulation/flow_checker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tutti::control::simulation {

using store::CallRecord;
using store::FlowFrame;
using store::FlowState;
using L = v1::Call;

namespace {

// Where in a conference_join.
enum Phase { kBefore, kPreFlow, kInRoom, kPostFlow };

// What was asked for in vain twice is asked for again after a minute.
constexpr absl::Duration kOperationMax = absl::Seconds(80);

// The keys are pressed in this order, and some get lost on the way.
bool IsHeardOf(const std::string& digits, const std::string& pressed) {
  size_t next = 0;
  for (const char digit : digits) {
    next = pressed.find(digit, next);
    if (next == std::string::npos) return false;
    ++next;
  }
  return true;
}

std::string VariableOf(const CallRecord& record, const std::string& name) {
  const auto found = record.flow().variables().find(name);
  return found == record.flow().variables().end() ? "" : found->second;
}

// Of the action that runs.
std::string ActionIdOf(const CallRecord& record) {
  const auto& frames = record.flow().frames();
  const auto& actions = frames.empty() ? record.call().actions() : frames.rbegin()->actions();
  const int position = frames.empty() ? record.flow().position() : frames.rbegin()->position();
  return position < actions.size() ? actions.Get(position).id() : "";
}

}  // namespace

void FlowChecker::Expect(bool holds, const char* rule, absl::FunctionRef<std::string()> what) {
  if (!holds) world_.Fail(absl::StrCat(rule, what()));
}

FlowChecker::Place FlowChecker::PlaceOf(const CallRecord& record) {
  const FlowState& state = record.flow();
  if (state.frames().empty()) return {state.position(), state.conferencecall_id().empty() ? kBefore : kInRoom, 0};
  const FlowFrame& frame = state.frames(0);
  return {state.position(), frame.kind() == FlowFrame::KIND_PRE_FLOW ? kPreFlow : kPostFlow, frame.position()};
}

void FlowChecker::OnCall(const CallRecord& record) {
  const L& call = record.call();
  const FlowState& state = record.flow();
  const auto what = [&] { return absl::StrCat(world_.Name("call", call.id()), ": ", record.ShortDebugString()); };
  Known& known = calls_[call.id()];
  // A call's end leaves its place as it was.
  if (call.status() != L::STATUS_PROGRESSING) {
    Expect(!state.has_operation() && !state.has_digits_wait(), "a call that ends waits for something: ", what);
    return;
  }
  const Place place = PlaceOf(record);
  Expect(place >= known.place && state.actions_run() >= known.actions_run, "a flow goes back: ", what);
  Expect(!state.has_operation() || state.wake_at_us() != 0, "an operation is asked for once only: ", what);
  Expect(std::get<1>(place) != kPreFlow || state.wake_at_us() != 0, "its pre-flow waits for nothing: ", what);
  CheckOperation(record, known, place);
  CheckDigits(record);
  known.place = place;
  known.actions_run = state.actions_run();
  known.received_before = std::exchange(known.received, state.digits_wait().received());
  known.ahead_before = std::exchange(known.ahead, state.digits_ahead());
}

void FlowChecker::CheckOperation(const CallRecord& record, Known& known, const Place& place) {
  const FlowState& state = record.flow();
  const std::string& id = state.operation().id();
  const int sounds = state.operation().play().sounds_size();
  const int tries = state.digits_wait().pin_attempts_left();
  const auto what = [&] {
    return absl::StrCat(world_.Name("call", record.call().id()), ": ", record.ShortDebugString());
  };
  if (id != known.operation_id) {
    if (!known.operation_id.empty()) {
      over_.insert(known.operation_id);
      CheckOutcome(record, known);
    }
    if (!id.empty()) {
      Expect(operations_.emplace(id, record.call().id()).second, "an operation comes back: ", what);
      const bool goes_on =
          known.operation_id.empty() || place > known.place || sounds < known.sounds || tries < known.tries;
      Expect(goes_on, "an operation is asked for under a second id: ", what);
      known.operation_since = world_.Elapsed();
      ++counts_[state.operation().has_send() ? "requests_asked" : "sounds_asked"];
    }
  }
  known.operation_id = id;
  known.sounds = sounds;
  known.tries = tries;
  known.is_send = state.operation().has_send();
  known.is_prompt = state.has_digits_wait();
  known.action_id = ActionIdOf(record);
}

// What it is said to have come to it has come to.
void FlowChecker::CheckOutcome(const CallRecord& record, const Known& known) {
  const Place place = PlaceOf(record);
  const auto what = [&] {
    return absl::StrCat(known.operation_id, " of ", world_.Name("call", record.call().id()), ": ",
                        record.ShortDebugString());
  };
  const auto was_heard = [&] {
    return std::any_of(nodes_.begin(), nodes_.end(),
                       [&](const auto& node) { return node->played_out().contains(known.operation_id); });
  };
  if (place == known.place && !known.is_prompt && record.flow().has_operation()) {
    Expect(was_heard(), "the next sound, and the one before goes on: ", what);
  }
  // The flow has taken the step behind it; another one would say something else.
  const bool is_own = std::get<1>(known.place) == kBefore && std::get<0>(place) == std::get<0>(known.place) + 1;
  const bool is_inner = std::get<0>(place) == std::get<0>(known.place) &&
                        std::get<1>(place) == std::get<1>(known.place) && std::get<2>(place) > std::get<2>(known.place);
  if (!(is_own || is_inner) || known.is_prompt || VariableOf(record, "result." + known.action_id) != "ok") return;
  if (known.is_send) {
    const auto request = web_.requests().find(known.operation_id);
    Expect(request != web_.requests().end() && request->second.is_taken, "nobody has taken a request: ", what);
  } else {
    Expect(was_heard(), "a sound has ended that goes on: ", what);
  }
  ++counts_[known.is_send ? "requests_taken" : "sounds_heard"];
}

void FlowChecker::CheckDigits(const CallRecord& record) {
  const FlowState& state = record.flow();
  std::string pressed;
  for (const auto& node : nodes_) {
    const auto found = node->pressed().find(record.call().id());
    if (found != node->pressed().end()) pressed += found->second;
  }
  const std::string digits = VariableOf(record, "digits");
  if (!digits.empty()) ++counts_["digits_received"];
  for (const std::string& heard : {digits, state.digits_wait().received(), state.digits_ahead()}) {
    Expect(IsHeardOf(heard, pressed), "digits that nobody pressed: ", [&] {
      return absl::StrCat(world_.Name("call", record.call().id()), " ", heard, " of ", pressed);
    });
  }
}

bool FlowChecker::HadDigits(const std::string& call_id, const std::string& digits) const {
  const auto known = calls_.find(call_id);
  if (known == calls_.end()) return false;
  return known->second.received_before == digits || absl::StartsWith(known->second.ahead_before, digits);
}

void FlowChecker::CheckProgress(const CallRecord& record) {
  const auto known = calls_.find(record.call().id());
  if (known == calls_.end() || known->second.operation_id.empty()) return;
  if (record.call().status() != L::STATUS_PROGRESSING) return;
  Expect(world_.Elapsed() - known->second.operation_since < kOperationMax, "an operation hangs: ", [&] {
    return absl::StrCat(world_.Name("call", record.call().id()), " ", record.ShortDebugString());
  });
}

void FlowChecker::CheckAsked() {
  for (const auto& node : nodes_) {
    for (const auto& [id, call_id] : node->played()) {
      const auto operation = operations_.find(id);
      Expect(operation != operations_.end() && operation->second == call_id,
             "a sound that no flow asked for: ", [&id = id] { return id; });
    }
  }
  for (const auto& [id, request] : web_.requests()) {
    Expect(operations_.contains(id), "a request that no flow asked for: ", [&id = id] { return id; });
  }
}

void FlowChecker::OnLiveDigit(const std::string& call_id, const std::string& digit) {
  const bool was_pressed = std::any_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
    const auto found = node->pressed().find(call_id);
    return found != node->pressed().end() && absl::StrContains(found->second, digit);
  });
  Expect(was_pressed, "a digit is told that nobody pressed: ", [&] { return digit; });
  ++counts_["digits_told"];
}

}  // namespace tutti::control::simulation
