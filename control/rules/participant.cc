#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/rules/rules.h"
#include "control/rules/times.h"
#include "control/rules/validate.h"
#include "google/protobuf/util/message_differencer.h"

namespace tutti::control {
namespace {

using store::CallRecord;
using store::ConferencecallRecord;
using store::ConferenceRecord;
using P = v1::Conferencecall;

// Adds to the count of a status in the participant's room.
void Count(ConferenceRecord& room, P::Status status, int add) {
  switch (status) {
    case P::STATUS_JOINING:
      room.set_joining_count(room.joining_count() + add);
      break;
    case P::STATUS_JOINED:
      room.mutable_conference()->set_participant_count(room.conference().participant_count() + add);
      break;
    case P::STATUS_LEAVING:
      room.set_leaving_count(room.leaving_count() + add);
      break;
    default:
      break;
  }
}

// A participant's id with another version digit: its leaving is another operation
// on the media node than its joining.
std::string ExitOperation(std::string participant_id) {
  constexpr size_t kVersionDigit = 14;
  participant_id.at(kVersionDigit) = '8';
  return participant_id;
}

}  // namespace

void Rules::Beep(const ConferenceRecord& room, const P& participant) {
  const v1::Conference& conference = room.conference();
  const bool is_open = conference.status() == v1::Conference::STATUS_PROGRESSING;
  if (!conference.beeps() || !is_open || room.bridge_wanted() != store::WANTED_PUT) return;
  if (participant.status() == P::STATUS_JOINED) return work_.PlayBeep(room, "beep_entry", participant.id());
  if (conference.participant_count() > 0) work_.PlayBeep(room, "beep_exit", ExitOperation(participant.id()));
}

ConferencecallRecord* Rules::AddParticipant(CallRecord& call, ConferenceRecord& room, const flow::JoinRequest& join) {
  PlaceBridge(room, call.node_id());
  ConferencecallRecord record;
  P& participant = *record.mutable_conferencecall();
  participant.set_id(work_.NewId());
  participant.set_customer_id(call.call().customer_id());
  participant.set_conference_id(room.conference().id());
  participant.set_activeflow_id(call.flow().activeflow_id());
  participant.set_reference_type(P::REFERENCE_TYPE_CALL);
  participant.set_reference_id(call.call().id());
  participant.set_status(P::STATUS_JOINING);
  participant.set_host(join.host);
  participant.set_muted(join.muted || (room.conference().muted_on_entry() && !join.host));
  SetTime(*participant.mutable_tm_create(), work_.now());
  SetTime(*participant.mutable_tm_update(), work_.now());
  record.set_deadline_at_us(ToMicroseconds(work_.now() + options_.pre_flow_timeout));
  work_.Touch(call);
  call.mutable_flow()->set_conferencecall_id(participant.id());
  Count(room, P::STATUS_JOINING, 1);
  return work_.Add(std::move(record));
}

absl::Status Rules::EnterRoom(CallRecord& call) {
  TUTTI_ASSIGN_OR_RETURN(ConferencecallRecord * record, work_.Conferencecall(call.flow().conferencecall_id()));
  if (record == nullptr) return absl::DataLossError("a flow's participant is not in the store");
  call.set_bridge_id(record->conferencecall().conference_id());
  work_.CommandLeg(call);
  work_.Touch(*record);
  record->set_leg_revision(call.leg_revision());
  record->set_deadline_at_us(ToMicroseconds(work_.now() + options_.joining_timeout));
  return absl::OkStatus();
}

absl::Status Rules::MoveParticipant(ConferencecallRecord& record, ParticipantEvent event, P::LeaveReason reason) {
  const P::Status before = record.conferencecall().status();
  TUTTI_ASSIGN_OR_RETURN(const P::Status next, Next(record.conferencecall(), event));
  if (next == before) return absl::OkStatus();
  TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, work_.Conference(record.conferencecall().conference_id()));
  if (room == nullptr) return absl::DataLossError("a participant's conference is not in the store");
  work_.Touch(record);
  work_.Touch(*room);
  Count(*room, before, -1);
  Count(*room, next, 1);
  P& participant = *record.mutable_conferencecall();
  participant.set_status(next);
  if (next != P::STATUS_JOINED && participant.leave_reason() == P::LEAVE_REASON_UNSPECIFIED) {
    participant.set_leave_reason(reason);
  }
  if (before <= P::STATUS_JOINED && next > P::STATUS_JOINED) TUTTI_RETURN_IF_ERROR(LeaveCoaches(record));
  switch (next) {
    case P::STATUS_JOINED:
      SetTime(*participant.mutable_tm_joined(), work_.now());
      record.set_deadline_at_us(ToMicroseconds(FromTimestamp(participant.tm_create()) + options_.age_max));
      work_.Emit("conferencecall_joined", record);
      if (participant.host()) TUTTI_RETURN_IF_ERROR(AddHost(*room));
      break;
    case P::STATUS_LEAVING: {
      record.set_deadline_at_us(ToMicroseconds(work_.now() + options_.leaving_timeout));
      TUTTI_ASSIGN_OR_RETURN(CallRecord * call, work_.Call(participant.reference_id()));
      if (call != nullptr && call->bridge_id() == participant.conference_id()) {
        call->clear_bridge_id();
        work_.CommandLeg(*call);
      }
      work_.Emit("conferencecall_leaving", record);
      // One whose pre-flow runs is in no mix.
      if (record.leg_revision() == 0) return MoveParticipant(record, ParticipantEvent::kDetached, reason);
      break;
    }
    default:
      SetTime(*participant.mutable_tm_leaved(), work_.now());
      record.set_deadline_at_us(0);
      work_.Emit("conferencecall_leaved", record);
      TUTTI_RETURN_IF_ERROR(AfterLeave(record));
      break;
  }
  // Who is in the room can be seen in the room.
  if (next == P::STATUS_JOINED || before == P::STATUS_JOINED) {
    work_.Emit("conference_updated", *room);
    Beep(*room, participant);
  }

  const v1::Conference& conference = room->conference();
  const bool host_left = before == P::STATUS_JOINED && participant.host();
  if (host_left) room->set_host_count(room->host_count() - 1);
  if (before == P::STATUS_JOINED && conference.type() == v1::Conference::TYPE_CONNECT) {
    if (conference.status() == v1::Conference::STATUS_PROGRESSING) {
      return EndConference(*room, ConferenceEvent::kPeerLeft);
    }
  }
  if (host_left && room->host_count() == 0 && conference.end_on_host() &&
      conference.status() == v1::Conference::STATUS_PROGRESSING) {
    return EndConference(*room, ConferenceEvent::kHostLeft);
  }
  const bool empty = room->joining_count() == 0 && conference.participant_count() == 0 && room->leaving_count() == 0;
  return empty && conference.status() == v1::Conference::STATUS_TERMINATING ? Terminate(*room) : absl::OkStatus();
}

absl::Status Rules::ChangeParticipant(ConferencecallRecord& record, const P& changed) {
  TUTTI_RETURN_IF_ERROR(Next(record.conferencecall(), ParticipantEvent::kUpdate).status());
  P& participant = *record.mutable_conferencecall();
  if (google::protobuf::util::MessageDifferencer::Equals(participant, changed)) return absl::OkStatus();
  if (changed.coach_target_id() != participant.coach_target_id()) {
    TUTTI_RETURN_IF_ERROR(CheckCoachTarget(changed));
    TUTTI_RETURN_IF_ERROR(NoteCoach(participant, false));
    TUTTI_RETURN_IF_ERROR(NoteCoach(changed, true));
  }
  if (changed.host() != participant.host() && participant.status() == P::STATUS_JOINED) {
    TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, work_.Conference(participant.conference_id()));
    if (room == nullptr) return absl::DataLossError("a participant's conference is not in the store");
    work_.Touch(*room);
    // One who is a host no longer has not left.
    if (!changed.host()) room->set_host_count(room->host_count() - 1);
    if (changed.host()) TUTTI_RETURN_IF_ERROR(AddHost(*room));
  }
  work_.Touch(record);
  participant = changed;
  TUTTI_ASSIGN_OR_RETURN(CallRecord * call, work_.Call(participant.reference_id()));
  if (call != nullptr) work_.CommandLeg(*call);
  work_.Emit("conferencecall_updated", record);
  return absl::OkStatus();
}

absl::Status Rules::CheckCoachTarget(const P& coach) {
  if (coach.coach_target_id().empty()) return absl::OkStatus();
  TUTTI_ASSIGN_OR_RETURN(const ConferencecallRecord* target, work_.Conferencecall(coach.coach_target_id()));
  const bool is_beside = target != nullptr && coach.coach_target_id() != coach.id() &&
                         target->conferencecall().conference_id() == coach.conference_id() &&
                         Next(target->conferencecall(), ParticipantEvent::kUpdate).ok();
  return is_beside ? absl::OkStatus() : InvalidParameter("coach_target_id", "is no other participant of the room");
}

// Whom it is heard by knows of it.
absl::Status Rules::NoteCoach(const P& coach, bool is_heard) {
  if (coach.coach_target_id().empty()) return absl::OkStatus();
  TUTTI_ASSIGN_OR_RETURN(ConferencecallRecord * target, work_.Conferencecall(coach.coach_target_id()));
  if (target == nullptr || !Next(target->conferencecall(), ParticipantEvent::kUpdate).ok()) return absl::OkStatus();
  work_.Touch(*target);
  auto& ids = *target->mutable_coach_ids();
  ids.erase(std::remove(ids.begin(), ids.end(), coach.id()), ids.end());
  if (is_heard) target->add_coach_ids(coach.id());
  return absl::OkStatus();
}

// One that leaves coaches nobody, and is coached by nobody, also when it comes again.
absl::Status Rules::LeaveCoaches(const ConferencecallRecord& left) {
  TUTTI_RETURN_IF_ERROR(NoteCoach(left.conferencecall(), false));
  for (const std::string& id : left.coach_ids()) {
    TUTTI_ASSIGN_OR_RETURN(const ConferencecallRecord* coach, work_.Conferencecall(id));
    if (coach == nullptr || !Next(coach->conferencecall(), ParticipantEvent::kUpdate).ok()) continue;
    TUTTI_ASSIGN_OR_RETURN(CallRecord * call, work_.Call(coach->conferencecall().reference_id()));
    if (call != nullptr && call->flow().conferencecall_id() == id) work_.CommandLeg(*call);
  }
  return absl::OkStatus();
}

// The call goes on with its flow, out of the bridge.
absl::Status Rules::AfterLeave(ConferencecallRecord& record) {
  TUTTI_ASSIGN_OR_RETURN(CallRecord * call, work_.Call(record.conferencecall().reference_id()));
  if (call == nullptr || call->flow().conferencecall_id() != record.conferencecall().id()) return absl::OkStatus();
  work_.Touch(*call);
  call->mutable_flow()->clear_conferencecall_id();
  if (call->call().status() != v1::Call::STATUS_PROGRESSING) return absl::OkStatus();
  if (!call->bridge_id().empty()) {
    call->clear_bridge_id();
    work_.CommandLeg(*call);
  }
  return ResumeAfterLeave(*call, record);
}

absl::StatusOr<ConferencecallRecord*> Rules::MoveToRoom(ConferencecallRecord& record,
                                                        const std::string& conference_id) {
  TUTTI_RETURN_IF_ERROR(Next(record.conferencecall(), ParticipantEvent::kMove).status());
  const P& participant = record.conferencecall();
  if (participant.conference_id() == conference_id) {
    return InvalidParameter("conference_id", "is the room that it is in");
  }
  TUTTI_ASSIGN_OR_RETURN(CallRecord * call, work_.Call(participant.reference_id()));
  if (call == nullptr) return absl::DataLossError("a participant's call is not in the store");
  flow::JoinRequest join;
  join.conference_id = conference_id;
  join.muted = participant.muted();
  // Who may move may enter.
  TUTTI_ASSIGN_OR_RETURN(const ConferenceRecord* asked, work_.Conference(conference_id));
  if (asked != nullptr) join.pin = asked->conference().pin();
  TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, FindJoinable(join, participant.customer_id(), call->node_id()));
  ConferencecallRecord* added = AddParticipant(*call, *room, join);
  P& moved = *added->mutable_conferencecall();
  moved.set_deaf(participant.deaf());
  moved.set_on_hold(participant.on_hold());
  moved.set_volume_db(participant.volume_db());
  TUTTI_RETURN_IF_ERROR(EnterRoom(*call));
  call->set_moved_from_id(participant.id());
  work_.Emit("conferencecall_joining", *added);
  TUTTI_RETURN_IF_ERROR(MoveParticipant(record, ParticipantEvent::kMove, P::LEAVE_REASON_MOVED));
  return added;
}

absl::Status Rules::FinishMove(CallRecord& call, int64_t revision) {
  if (call.moved_from_id().empty()) return absl::OkStatus();
  TUTTI_ASSIGN_OR_RETURN(const ConferencecallRecord* added, work_.Conferencecall(call.flow().conferencecall_id()));
  if (added != nullptr && revision < added->leg_revision()) return absl::OkStatus();
  TUTTI_ASSIGN_OR_RETURN(ConferencecallRecord * left, work_.Conferencecall(call.moved_from_id()));
  work_.Touch(call);
  call.clear_moved_from_id();
  if (left == nullptr) return absl::OkStatus();
  return MoveParticipant(*left, ParticipantEvent::kDetached, P::LEAVE_REASON_MOVED);
}

absl::Status Rules::SyncParticipant(CallRecord& call, const std::string& bridge_id, int64_t revision, bool detached) {
  if (call.flow().conferencecall_id().empty()) return absl::OkStatus();
  TUTTI_ASSIGN_OR_RETURN(ConferencecallRecord * record, work_.Conferencecall(call.flow().conferencecall_id()));
  if (record == nullptr || record->leg_revision() == 0 || revision < record->leg_revision()) return absl::OkStatus();
  const P& participant = record->conferencecall();
  if (bridge_id == participant.conference_id()) {
    TUTTI_RETURN_IF_ERROR(FinishMove(call, revision));
    return MoveParticipant(*record, ParticipantEvent::kAttached, P::LEAVE_REASON_UNSPECIFIED);
  }
  // While it joins, an empty bridge is what the attachment has not reached yet.
  const bool detach_done = participant.status() == P::STATUS_LEAVING && revision >= call.leg_revision();
  const bool left = bridge_id.empty() && (detached || detach_done);
  if (!left) return absl::OkStatus();
  return MoveParticipant(*record, ParticipantEvent::kDetached, P::LEAVE_REASON_MEDIA_FAILED);
}

}  // namespace tutti::control
