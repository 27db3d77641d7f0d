#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/flow/variables.h"
#include "control/rules/rules.h"
#include "control/rules/times.h"

// What a call does, action by action. Where it is stands in its row, so that it
// goes on after a restart.

namespace tutti::control {
namespace {

using store::CallRecord;
using store::FlowFrame;
using store::FlowOperation;
using store::FlowState;
using L = v1::Call;
using P = v1::Conferencecall;

constexpr int kFramesMax = 8;
constexpr int kActionsRunMax = 10'000;
constexpr int kActionsAtOnceMax = 1'000;
constexpr size_t kDigitsAheadMax = 32;

constexpr int kPinDigitsMax = 16;
constexpr absl::Duration kPinDigitWait = absl::Seconds(10);
constexpr absl::Duration kMenuDigitWait = absl::Seconds(3);
constexpr int kMenuStepDb = 3;
constexpr int kVolumeDbMin = -30;
constexpr int kVolumeDbMax = 10;

using Actions = google::protobuf::RepeatedPtrField<v1::Action>;

const Actions& ActionsOf(const CallRecord& call) {
  const auto& frames = call.flow().frames();
  return frames.empty() ? call.call().actions() : frames.rbegin()->actions();
}

int PositionOf(const CallRecord& call) {
  const auto& frames = call.flow().frames();
  return frames.empty() ? call.flow().position() : frames.rbegin()->position();
}

void SetPosition(CallRecord& call, int position) {
  auto& frames = *call.mutable_flow()->mutable_frames();
  if (frames.empty()) {
    call.mutable_flow()->set_position(position);
  } else {
    frames.rbegin()->set_position(position);
  }
}

flow::Variables VariablesOf(const CallRecord& call) {
  flow::Variables variables(call.flow().variables().begin(), call.flow().variables().end());
  variables["call.id"] = call.call().id();
  variables["call.source"] = call.call().source();
  variables["call.destination"] = call.call().destination();
  return variables;
}

std::string ResultOf(const absl::Status& outcome) {
  if (outcome.ok()) return "ok";
  const std::string reason = GetErrorDetail(outcome).reason;
  return reason.empty() ? "FAILED" : reason;
}

absl::Status NoFlow(const std::string& id) {
  return Error(absl::StatusCode::kNotFound, "FLOW_NOT_FOUND", absl::StrCat("there is no flow ", id));
}

}  // namespace

void Rules::SetWake(CallRecord& record, absl::Time time) {
  record.mutable_flow()->set_wake_at_us(time == absl::InfiniteFuture() ? 0 : ToMicroseconds(time));
  SetDeadline(record);
}

void Rules::Advance(CallRecord& record, const absl::Status& outcome) {
  const int position = PositionOf(record);
  auto& variables = *record.mutable_flow()->mutable_variables();
  variables["result"] = ResultOf(outcome);
  if (position < ActionsOf(record).size()) {
    const std::string& id = ActionsOf(record).Get(position).id();
    if (!id.empty()) variables[absl::StrCat("result.", id)] = ResultOf(outcome);
  }
  SetPosition(record, position + 1);
}

void Rules::EndWait(CallRecord& record) {
  FlowState& state = *record.mutable_flow();
  if (state.operation().has_play()) work_.StopSound(record, state.operation().id());
  state.clear_operation();
  state.clear_digits_wait();
  SetWake(record, absl::InfiniteFuture());
}

absl::Status Rules::Finish() {
  // What one flow does may set another one free.
  while (!resumed_.empty()) {
    const std::string id = *resumed_.begin();
    resumed_.erase(resumed_.begin());
    TUTTI_ASSIGN_OR_RETURN(CallRecord * record, work_.Call(id));
    if (record == nullptr || record->call().status() != L::STATUS_PROGRESSING) continue;
    TUTTI_RETURN_IF_ERROR(RunFlow(*record));
  }
  return absl::OkStatus();
}

absl::Status Rules::RunFlow(CallRecord& record) {
  work_.Touch(record);
  FlowState& state = *record.mutable_flow();
  for (int at_once = 0;; ++at_once) {
    if (PositionOf(record) >= ActionsOf(record).size()) {
      if (state.frames().empty()) {
        return EndCall(record, CallEvent::kHangup, L::HANGUP_BY_LOCAL, L::HANGUP_REASON_FLOW_ENDED);
      }
      const FlowFrame::Kind kind = state.frames().rbegin()->kind();
      state.mutable_frames()->RemoveLast();
      if (kind == FlowFrame::KIND_PRE_FLOW) return EnterRoom(record);
      Advance(record, absl::OkStatus());
      continue;
    }
    if (at_once == kActionsAtOnceMax || state.actions_run() == kActionsRunMax) {
      return EndCall(record, CallEvent::kHangup, L::HANGUP_BY_LOCAL, L::HANGUP_REASON_FLOW_LIMIT);
    }
    state.set_actions_run(state.actions_run() + 1);
    const flow::Outcome outcome = registry_.Run(ActionsOf(record).Get(PositionOf(record)), VariablesOf(record));
    TUTTI_ASSIGN_OR_RETURN(const bool waits, std::visit([&](const auto& what) { return Do(record, what); }, outcome));
    if (waits) return absl::OkStatus();
  }
}

absl::StatusOr<bool> Rules::Do(CallRecord& record, const flow::Continue&) {
  Advance(record, absl::OkStatus());
  return false;
}

absl::StatusOr<bool> Rules::Do(CallRecord& record, const flow::Refuse& refuse) {
  Advance(record, refuse.why);
  return false;
}

absl::StatusOr<bool> Rules::Do(CallRecord& record, const flow::Jump& jump) {
  JumpTo(record, jump.target_id);
  return false;
}

absl::StatusOr<bool> Rules::Do(CallRecord& record, const flow::Goto& jump) {
  const std::string place = absl::StrCat(record.flow().frames_size(), "/", PositionOf(record));
  int32_t& taken = (*record.mutable_flow()->mutable_gotos_taken())[place];
  if (taken >= jump.times) {
    Advance(record, absl::OkStatus());
  } else {
    ++taken;
    JumpTo(record, jump.target_id);
  }
  return false;
}

void Rules::JumpTo(CallRecord& record, const std::string& target_id) {
  // Notes how the jump ended before it leaves.
  Advance(record, absl::OkStatus());
  const Actions& actions = ActionsOf(record);
  for (int i = 0; i < actions.size(); ++i) {
    if (actions.Get(i).id() == target_id) return SetPosition(record, i);
  }
}

absl::StatusOr<bool> Rules::Do(CallRecord& record, const flow::SetVariable& set) {
  auto& variables = *record.mutable_flow()->mutable_variables();
  if (variables.size() >= flow::kVariablesMax && !variables.contains(set.key)) {
    Advance(record, Error(absl::StatusCode::kResourceExhausted, "VARIABLES_FULL", "the call has too many variables"));
    return false;
  }
  variables[set.key] = set.value;
  Advance(record, absl::OkStatus());
  return false;
}

absl::StatusOr<bool> Rules::Do(CallRecord& record, const flow::Sleep& sleep) {
  SetWake(record, work_.now() + sleep.duration);
  return true;
}

absl::StatusOr<bool> Rules::Do(CallRecord& record, const flow::Hangup&) {
  TUTTI_RETURN_IF_ERROR(EndCall(record, CallEvent::kHangup, L::HANGUP_BY_LOCAL, L::HANGUP_REASON_NORMAL));
  return true;
}

absl::StatusOr<bool> Rules::PushFlow(CallRecord& record, const std::string& flow_id, FlowFrame::Kind kind) {
  TUTTI_ASSIGN_OR_RETURN(const auto found, work_.tx().flows.Find(flow_id, Lock::kNo));
  if (!found.has_value() || found->flow().customer_id() != record.call().customer_id()) return false;
  FlowFrame& frame = *record.mutable_flow()->add_frames();
  frame.set_kind(kind);
  *frame.mutable_actions() = found->flow().actions();
  return true;
}

absl::StatusOr<bool> Rules::Do(CallRecord& record, const flow::RunFlow& run) {
  if (record.flow().frames_size() >= kFramesMax) {
    Advance(record, Error(absl::StatusCode::kResourceExhausted, "FLOW_TOO_DEEP", "too many flows inside each other"));
    return false;
  }
  // Its goto actions count anew.
  const std::string inside = absl::StrCat(record.flow().frames_size() + 1, "/");
  auto& taken = *record.mutable_flow()->mutable_gotos_taken();
  for (auto place = taken.begin(); place != taken.end();) {
    place = place->first.compare(0, inside.size(), inside) == 0 ? taken.erase(place) : std::next(place);
  }
  TUTTI_ASSIGN_OR_RETURN(const bool pushed, PushFlow(record, run.flow_id, FlowFrame::KIND_FETCHED));
  if (!pushed) Advance(record, NoFlow(run.flow_id));
  return false;
}

// --- Rooms.

absl::StatusOr<bool> Rules::Do(CallRecord& record, const flow::JoinRequest& join) {
  if (!record.flow().conferencecall_id().empty()) {
    Advance(record, Error(absl::StatusCode::kFailedPrecondition, "STATE_INVALID", "the call is entering a room"));
    return false;
  }
  auto joinable = FindJoinable(join, record.call().customer_id(), record.node_id());
  if (!joinable.ok()) {
    if (!IsRefusal(joinable.status())) return joinable.status();
    Advance(record, joinable.status());
    return false;
  }
  store::ConferenceRecord& room = **joinable;
  if (join.pin_attempts > 0 && !room.conference().pin().empty() && room.conference().pin() != join.pin) {
    return BeginDigits(
        record, {kPinDigitWait, kPinDigitsMax, "#", join.pin_sound.empty() ? std::string("beep") : join.pin_sound},
        join.pin_attempts);
  }
  store::ConferencecallRecord* participant = AddParticipant(record, room, join);
  FlowState& state = *record.mutable_flow();
  state.clear_digits_ahead();
  state.set_join_depth(state.frames_size());
  const std::string& pre_flow_id = room.conference().pre_flow_id();
  bool has_pre_flow = false;
  if (!pre_flow_id.empty()) {
    TUTTI_ASSIGN_OR_RETURN(has_pre_flow, PushFlow(record, pre_flow_id, FlowFrame::KIND_PRE_FLOW));
  }
  if (!has_pre_flow) TUTTI_RETURN_IF_ERROR(EnterRoom(record));
  work_.Emit("conferencecall_joining", *participant);
  return !has_pre_flow;
}

absl::Status Rules::ResumeAfterLeave(CallRecord& record, const store::ConferencecallRecord& participant) {
  FlowState& state = *record.mutable_flow();
  // Of a pre-flow that it has not come out of.
  EndWait(record);
  while (state.frames_size() > state.join_depth()) state.mutable_frames()->RemoveLast();
  resumed_.insert(record.call().id());
  const P& left = participant.conferencecall();
  if (!left.has_tm_joined()) {
    Advance(record, Error(absl::StatusCode::kFailedPrecondition,
                          std::string(P::LeaveReason_Name(left.leave_reason())).substr(sizeof("LEAVE_REASON_") - 1),
                          "the participant left before it had joined"));
    return absl::OkStatus();
  }
  TUTTI_ASSIGN_OR_RETURN(const store::ConferenceRecord* room, work_.Conference(left.conference_id()));
  bool has_post_flow = false;
  if (room != nullptr && !room->conference().post_flow_id().empty() && state.frames_size() < kFramesMax) {
    TUTTI_ASSIGN_OR_RETURN(has_post_flow,
                           PushFlow(record, room->conference().post_flow_id(), FlowFrame::KIND_POST_FLOW));
  }
  if (!has_post_flow) Advance(record, absl::OkStatus());
  return absl::OkStatus();
}

// --- What others do for the flow.

void Rules::StartOperation(CallRecord& record, FlowOperation operation) {
  operation.set_id(work_.NewId());
  const absl::Duration timeout = operation.has_play() ? options_.play_timeout : options_.send_timeout;
  operation.set_give_up_at_us(ToMicroseconds(work_.now() + timeout));
  const absl::Duration repeat = operation.has_play() ? options_.operation_repeat_after : options_.send_repeat_after;
  *record.mutable_flow()->mutable_operation() = std::move(operation);
  SetWake(record, work_.now() + repeat);
  work_.AskForOperation(record);
}

absl::StatusOr<bool> Rules::Do(CallRecord& record, const flow::Play& play) {
  FlowOperation operation;
  operation.mutable_play()->mutable_sounds()->Assign(play.sounds.begin(), play.sounds.end());
  operation.mutable_play()->set_stop_on_dtmf(play.stop_on_dtmf);
  StartOperation(record, std::move(operation));
  return true;
}

absl::StatusOr<bool> Rules::Do(CallRecord& record, const flow::Talk& talk) {
  FlowOperation operation;
  store::SoundPlay& play = *operation.mutable_play();
  play.mutable_text()->set_text(talk.text.text);
  play.mutable_text()->set_language(talk.text.language);
  play.mutable_text()->set_voice(talk.text.voice);
  play.set_stop_on_dtmf(talk.stop_on_dtmf);
  StartOperation(record, std::move(operation));
  return true;
}

absl::StatusOr<bool> Rules::Do(CallRecord& record, const flow::SendRequest& send) {
  FlowOperation operation;
  operation.mutable_send()->set_uri(send.uri);
  operation.mutable_send()->set_method(send.method);
  operation.mutable_send()->set_content_type(send.content_type);
  operation.mutable_send()->set_body(send.body);
  StartOperation(record, std::move(operation));
  return true;
}

absl::Status Rules::FinishOperation(CallRecord& record, const std::string& operation_id, const absl::Status& outcome,
                                    bool rest) {
  FlowState& state = *record.mutable_flow();
  if (!state.has_operation() || state.operation().id() != operation_id) return absl::OkStatus();
  work_.Touch(record);
  FlowOperation operation = state.operation();
  state.clear_operation();
  if (state.has_digits_wait()) {
    // What was heard before them.
    SetWake(record, work_.now() + absl::Microseconds(state.digits_wait().wait_us()));
    return absl::OkStatus();
  }
  if (outcome.ok() && rest && operation.play().sounds_size() > 1) {
    auto& sounds = *operation.mutable_play()->mutable_sounds();
    sounds.erase(sounds.begin());
    StartOperation(record, std::move(operation));
    return absl::OkStatus();
  }
  SetWake(record, absl::InfiniteFuture());
  Advance(record, outcome);
  resumed_.insert(record.call().id());
  return absl::OkStatus();
}

absl::Status Rules::Wake(CallRecord& record) {
  work_.Touch(record);
  FlowState& state = *record.mutable_flow();
  if (state.has_operation()) {
    const std::string id = state.operation().id();
    if (state.operation().give_up_at_us() <= ToMicroseconds(work_.now())) {
      if (state.operation().has_play()) work_.StopSound(record, id);
      return FinishOperation(
          record, id, Error(absl::StatusCode::kDeadlineExceeded, "OPERATION_TIMEOUT", "it has taken too long"), false);
    }
    SetWake(record, work_.now() + (state.operation().has_play() ? options_.operation_repeat_interval
                                                                : options_.send_repeat_after));
    work_.AskForOperation(record);
    return absl::OkStatus();
  }
  SetWake(record, absl::InfiniteFuture());
  if (!state.has_digits_wait()) {
    Advance(record, absl::OkStatus());
    resumed_.insert(record.call().id());
    return absl::OkStatus();
  }
  TUTTI_ASSIGN_OR_RETURN(const bool waits, EndDigits(record, true));
  if (!waits) resumed_.insert(record.call().id());
  return absl::OkStatus();
}

// --- Digits.

absl::StatusOr<bool> Rules::Do(CallRecord& record, const flow::ReceiveDigits& digits) {
  return BeginDigits(record, digits, 0);
}

absl::StatusOr<bool> Rules::BeginDigits(CallRecord& record, const flow::ReceiveDigits& digits, int pin_attempts_left) {
  FlowState& state = *record.mutable_flow();
  store::DigitsWait& wait = *state.mutable_digits_wait();
  wait.Clear();
  wait.set_length(digits.length);
  wait.set_end_digits(digits.end_digits);
  wait.set_wait_us(absl::ToInt64Microseconds(digits.wait));
  wait.set_pin_attempts_left(pin_attempts_left);
  SetWake(record, work_.now() + digits.wait);
  const std::string ahead = std::exchange(*state.mutable_digits_ahead(), "");
  if (ahead.empty() && !digits.sound.empty()) {
    FlowOperation prompt;
    prompt.mutable_play()->add_sounds(digits.sound);
    prompt.mutable_play()->set_stop_on_dtmf(true);
    StartOperation(record, std::move(prompt));
  }
  for (size_t i = 0; i < ahead.size(); ++i) {
    if (wait.end_digits().find(ahead[i]) != std::string::npos) {
      state.set_digits_ahead(ahead.substr(i + 1));
      return EndDigits(record, false);
    }
    wait.mutable_received()->push_back(ahead[i]);
    if (static_cast<int>(wait.received().size()) == wait.length()) {
      state.set_digits_ahead(ahead.substr(i + 1));
      return EndDigits(record, false);
    }
  }
  return true;
}

absl::StatusOr<bool> Rules::EndDigits(CallRecord& record, bool timed_out) {
  FlowState& state = *record.mutable_flow();
  const store::DigitsWait wait = state.digits_wait();
  EndWait(record);
  if (wait.pin_attempts_left() > 0) {
    flow::Outcome outcome = registry_.Run(ActionsOf(record).Get(PositionOf(record)), VariablesOf(record));
    auto* join = std::get_if<flow::JoinRequest>(&outcome);
    if (join == nullptr) return std::visit([&](const auto& what) { return Do(record, what); }, outcome);
    join->pin = wait.received();
    join->pin_attempts = wait.pin_attempts_left() - 1;
    return Do(record, *join);
  }
  (*state.mutable_variables())["digits"] = wait.received();
  Advance(record, timed_out
                      ? Error(absl::StatusCode::kDeadlineExceeded, "DIGITS_TIMEOUT", "too few digits came in time")
                      : absl::OkStatus());
  return false;
}

absl::Status Rules::TakeDigits(CallRecord& record, const std::string& digits) {
  for (const char digit : digits) {
    if (record.call().status() != L::STATUS_PROGRESSING) return absl::OkStatus();
    work_.Touch(record);
    FlowState& state = *record.mutable_flow();
    if (state.has_digits_wait()) {
      store::DigitsWait& wait = *state.mutable_digits_wait();
      if (state.has_operation()) {
        work_.StopSound(record, state.operation().id());
        state.clear_operation();
      }
      SetWake(record, work_.now() + absl::Microseconds(wait.wait_us()));
      const bool ends = wait.end_digits().find(digit) != std::string::npos;
      if (!ends) wait.mutable_received()->push_back(digit);
      if (!ends && static_cast<int>(wait.received().size()) < wait.length()) continue;
      TUTTI_ASSIGN_OR_RETURN(const bool waits, EndDigits(record, false));
      if (!waits) resumed_.insert(record.call().id());
      continue;
    }
    if (!state.conferencecall_id().empty()) {
      TUTTI_ASSIGN_OR_RETURN(auto* participant, work_.Conferencecall(state.conferencecall_id()));
      if (participant != nullptr && participant->conferencecall().status() == P::STATUS_JOINED) {
        TUTTI_RETURN_IF_ERROR(TakeMenuDigit(record, *participant, digit));
        continue;
      }
    }
    if (state.digits_ahead().size() < kDigitsAheadMax) state.mutable_digits_ahead()->push_back(digit);
  }
  return absl::OkStatus();
}

absl::Status Rules::TakeMenuDigit(CallRecord& record, store::ConferencecallRecord& participant, char digit) {
  TUTTI_ASSIGN_OR_RETURN(store::ConferenceRecord * room,
                         work_.Conference(participant.conferencecall().conference_id()));
  if (room == nullptr || !room->conference().dtmf_menu()) return absl::OkStatus();
  FlowState& state = *record.mutable_flow();
  const absl::Time star = absl::FromUnixMicros(state.menu_star_at_us());
  state.set_menu_star_at_us(digit == '*' ? ToMicroseconds(work_.now()) : 0);
  if (digit == '*' || work_.now() - star > kMenuDigitWait) return absl::OkStatus();
  P changed = participant.conferencecall();
  switch (digit) {
    case '6':
      changed.set_muted(!changed.muted());
      return ChangeParticipant(participant, changed);
    case '7':
      changed.set_volume_db(std::max(changed.volume_db() - kMenuStepDb, kVolumeDbMin));
      return ChangeParticipant(participant, changed);
    case '8':
      changed.set_volume_db(std::min(changed.volume_db() + kMenuStepDb, kVolumeDbMax));
      return ChangeParticipant(participant, changed);
    case '9':
      return MoveParticipant(participant, ParticipantEvent::kKick, P::LEAVE_REASON_LEFT);
    case '1':
      return changed.host() ? SetLocked(*room, !room->conference().locked()) : absl::OkStatus();
    case '2':
      return changed.host() ? MuteAll(*room, !room->conference().muted_on_entry()) : absl::OkStatus();
    default:
      return absl::OkStatus();
  }
}

}  // namespace tutti::control
