#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/rules/rules.h"
#include "control/rules/times.h"

namespace tutti::control {
namespace {

using store::CallRecord;
using L = v1::Call;
using P = v1::Conferencecall;

P::LeaveReason LeaveReasonOf(L::HangupReason reason) {
  switch (reason) {
    case L::HANGUP_REASON_MEDIA_TIMEOUT:
      return P::LEAVE_REASON_MEDIA_TIMEOUT;
    case L::HANGUP_REASON_MEDIA_NODE_LOST:
      return P::LEAVE_REASON_MEDIA_NODE_LOST;
    case L::HANGUP_REASON_MEDIA_FAILED:
      return P::LEAVE_REASON_MEDIA_FAILED;
    default:
      return P::LEAVE_REASON_HANGUP;
  }
}

std::string ReasonWord(L::HangupReason reason) { return Word(L::HangupReason_Name(reason), "HANGUP_REASON_"); }

}  // namespace

void SetDeadline(CallRecord& record) {
  const int64_t wake_us = record.flow().wake_at_us();
  const int64_t state_us = record.state_deadline_at_us();
  record.set_deadline_at_us(wake_us == 0 || state_us == 0 ? std::max(wake_us, state_us) : std::min(wake_us, state_us));
}

IdempotencyTable::Key CallKey(const CallRecord& record) {
  return {record.call().customer_id(), kCreateCallMethod, record.idempotency_key()};
}

absl::Status Rules::FreeIdempotencyKey(CallRecord& record) {
  if (record.idempotency_key().empty()) return absl::OkStatus();
  work_.AtEnd([key = CallKey(record)](Transaction& tx) { return tx.idempotency_keys.Delete(key); });
  return absl::OkStatus();
}

absl::Status Rules::AnswerCall(CallRecord& record, const std::string& sdp_answer) {
  TUTTI_ASSIGN_OR_RETURN(const L::Status next, Next(record.call(), CallEvent::kAnswered));
  if (next == record.call().status()) return absl::OkStatus();
  // The room may have gone or filled since the call was let in.
  if (const auto join = registry_.Join(record.call().actions(0)); join.has_value()) {
    auto joinable = FindJoinable(*join, record.call().customer_id(), record.node_id());
    if (IsRefusal(joinable.status())) {
      return RefuseCall(record, CallEvent::kHangup, L::HANGUP_REASON_FLOW_ENDED, joinable.status());
    }
    TUTTI_RETURN_IF_ERROR(joinable.status());
  }
  work_.Touch(record);
  L& call = *record.mutable_call();
  call.set_status(next);
  call.set_sdp_answer(sdp_answer);
  SetTime(*call.mutable_tm_progressing(), work_.now());
  record.set_leg_accepted_at_us(ToMicroseconds(work_.now()));
  record.set_state_deadline_at_us(ToMicroseconds(FromTimestamp(call.tm_create()) + options_.age_max));
  SetDeadline(record);
  work_.Emit("call_progressing", record);
  if (!record.idempotency_key().empty()) {
    work_.AtEnd([key = CallKey(record), response = Show(record).SerializeAsString()](Transaction& tx) {
      return tx.idempotency_keys.SetResponse(key, response);
    });
  }
  work_.answers.emplace_back(call.id(), Show(record));
  return RunFlow(record);
}

absl::Status Rules::RefuseCall(CallRecord& record, CallEvent event, L::HangupReason reason, const absl::Status& why) {
  const bool waited_for = record.call().status() == L::STATUS_RINGING;
  TUTTI_RETURN_IF_ERROR(EndCall(record, event, L::HANGUP_BY_LOCAL, reason));
  if (waited_for) work_.answers.back().second = why;
  return absl::OkStatus();
}

absl::Status Rules::ChangeCall(CallRecord& record, bool on_hold, bool muted) {
  TUTTI_RETURN_IF_ERROR(Next(record.call(), CallEvent::kUpdate).status());
  if (record.call().on_hold() == on_hold && record.call().muted() == muted) return absl::OkStatus();
  record.mutable_call()->set_on_hold(on_hold);
  record.mutable_call()->set_muted(muted);
  work_.CommandLeg(record);
  work_.Emit("call_updated", record);
  return absl::OkStatus();
}

absl::Status Rules::Reoffer(CallRecord& record, const std::string& sdp_offer,
                            const media::v1::MediaDescription& offer) {
  TUTTI_RETURN_IF_ERROR(Next(record.call(), CallEvent::kReoffer).status());
  if (record.has_stream()) {
    return Error(absl::StatusCode::kFailedPrecondition, "STATE_INVALID",
                 absl::StrCat("call ", record.call().id(), " is a media stream: it has no offer"));
  }
  if (record.has_reoffer()) {
    return Error(absl::StatusCode::kFailedPrecondition, "REOFFER_PENDING",
                 absl::StrCat("call ", record.call().id(), " has a re-offer that is not answered yet"));
  }
  work_.Touch(record);
  record.mutable_reoffer()->set_sdp_offer(sdp_offer);
  *record.mutable_reoffer()->mutable_offer() = offer;
  work_.CommandLeg(record);
  record.mutable_reoffer()->set_leg_revision(record.leg_revision());
  return absl::OkStatus();
}

absl::Status Rules::TakeReoffer(CallRecord& record, const std::string& sdp_answer) {
  work_.Touch(record);
  *record.mutable_offer() = record.reoffer().offer();
  record.mutable_call()->set_sdp_offer(record.reoffer().sdp_offer());
  record.mutable_call()->set_sdp_answer(sdp_answer);
  record.set_reoffer_count(record.reoffer_count() + 1);
  record.clear_reoffer();
  work_.Emit("call_updated", record);
  work_.answers.emplace_back(record.call().id(), Show(record));
  return absl::OkStatus();
}

absl::Status Rules::RefuseReoffer(CallRecord& record, const absl::Status& why) {
  // What came after the refused command goes out again with the old offer.
  record.clear_reoffer();
  work_.CommandLeg(record);
  // What the leg says until then may be about the new one.
  record.set_answer_revision(record.leg_revision());
  work_.answers.emplace_back(record.call().id(), why);
  return absl::OkStatus();
}

absl::Status Rules::EndCall(CallRecord& record, CallEvent event, L::HangupBy by, L::HangupReason reason) {
  const L::Status before = record.call().status();
  TUTTI_ASSIGN_OR_RETURN(const L::Status next, Next(record.call(), event));
  if (next == before) return absl::OkStatus();
  work_.Touch(record);
  L& call = *record.mutable_call();
  call.set_status(next);
  if (call.hangup_reason() == L::HANGUP_REASON_UNSPECIFIED) {
    call.set_hangup_by(by);
    call.set_hangup_reason(reason);
  }
  if (before == L::STATUS_RINGING || before == L::STATUS_DIALING) {
    TUTTI_RETURN_IF_ERROR(FreeIdempotencyKey(record));
    work_.answers.emplace_back(
        call.id(), Error(absl::StatusCode::kUnavailable, "CALL_NOT_ANSWERED",
                         absl::StrCat("call ", call.id(), " ended before it was answered: ", ReasonWord(reason))));
  }
  if (record.has_reoffer()) {
    record.clear_reoffer();
    work_.answers.emplace_back(call.id(),
                               Error(absl::StatusCode::kFailedPrecondition, "STATE_INVALID",
                                     absl::StrCat("call ", call.id(), " ended before its re-offer was answered")));
  }
  record.clear_bridge_id();
  // Its sounds end with the leg.
  record.mutable_flow()->clear_operation();
  record.mutable_flow()->clear_digits_wait();
  record.mutable_flow()->clear_wake_at_us();
  if (next == L::STATUS_TERMINATING) {
    record.set_leg_wanted(store::WANTED_REMOVE);
    work_.CommandLeg(record);
    record.set_state_deadline_at_us(ToMicroseconds(work_.now() + options_.teardown_timeout));
    work_.Emit("call_terminating", record);
  } else {
    // After a teardown timeout the leg may still be there; reconciling ends it.
    if (event != CallEvent::kTeardownTimeout) record.set_leg_wanted(store::WANTED_NONE);
    record.set_state_deadline_at_us(0);
    SetTime(*call.mutable_tm_hangup(), work_.now());
    work_.Emit("call_hangup", record);
  }
  SetDeadline(record);
  for (const std::string& id : {record.moved_from_id(), record.flow().conferencecall_id()}) {
    if (id.empty()) continue;
    TUTTI_ASSIGN_OR_RETURN(store::ConferencecallRecord * participant, work_.Conferencecall(id));
    if (participant == nullptr) continue;
    TUTTI_RETURN_IF_ERROR(
        MoveParticipant(*participant, ParticipantEvent::kCallEnded, LeaveReasonOf(call.hangup_reason())));
  }
  return absl::OkStatus();
}

}  // namespace tutti::control
