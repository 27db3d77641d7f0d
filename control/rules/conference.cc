#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/rules/rules.h"
#include "control/rules/times.h"

namespace tutti::control {
namespace {

using store::ConferenceRecord;

int Present(const ConferenceRecord& record) {
  return record.joining_count() + record.conference().participant_count() + record.leaving_count();
}

v1::Conference::EndReason EndReasonOf(ConferenceEvent event) {
  switch (event) {
    case ConferenceEvent::kTimeout:
      return v1::Conference::END_REASON_TIMEOUT;
    case ConferenceEvent::kPeerLeft:
      return v1::Conference::END_REASON_PARTICIPANT_LEFT;
    case ConferenceEvent::kHostLeft:
      return v1::Conference::END_REASON_HOST_LEFT;
    default:
      return v1::Conference::END_REASON_DELETED;
  }
}

}  // namespace

bool Rules::IsRefusal(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsFailedPrecondition(status) || absl::IsPermissionDenied(status);
}

absl::StatusOr<ConferenceRecord*> Rules::FindJoinable(const flow::JoinRequest& join, const std::string& customer_id,
                                                      const std::string& node_id) {
  const std::string& conference_id = join.conference_id;
  TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * found, work_.Conference(conference_id));
  if (found == nullptr || found->conference().customer_id() != customer_id) {
    return Error(absl::StatusCode::kNotFound, "CONFERENCE_NOT_FOUND",
                 absl::StrCat("there is no conference ", conference_id));
  }
  const v1::Conference& conference = found->conference();
  TUTTI_RETURN_IF_ERROR(Next(conference, ConferenceEvent::kJoin).status());
  if (conference.locked()) {
    return Error(absl::StatusCode::kFailedPrecondition, "CONFERENCE_LOCKED",
                 absl::StrCat("conference ", conference_id, " is locked"));
  }
  // One that may be keyed in is asked for later.
  if (!conference.pin().empty() && conference.pin() != join.pin && join.pin_attempts == 0) {
    return Error(absl::StatusCode::kPermissionDenied, "CONFERENCE_PIN_INVALID",
                 absl::StrCat("conference ", conference_id, " has another pin"));
  }
  // Those on their way out make room.
  const int taken = found->joining_count() + conference.participant_count();
  if (conference.max_participants() > 0 && taken >= conference.max_participants()) {
    return Error(
        absl::StatusCode::kFailedPrecondition, "CONFERENCE_FULL",
        absl::StrCat("conference ", conference_id, " has its ", conference.max_participants(), " participants"),
        {{"max_participants", absl::StrCat(conference.max_participants())}});
  }
  if (!node_id.empty() && !found->node_id().empty() && node_id != found->node_id()) {
    return Error(absl::StatusCode::kFailedPrecondition, "MEDIA_NODE_MISMATCH",
                 absl::StrCat("conference ", conference_id, " is on media node ", found->node_id(), ", the call is on ",
                              node_id));
  }
  return found;
}

absl::Status Rules::EndConference(ConferenceRecord& record, ConferenceEvent event) {
  TUTTI_ASSIGN_OR_RETURN(const auto next, Next(record.conference(), event));
  if (next == record.conference().status()) return absl::OkStatus();
  const bool peer_left = event == ConferenceEvent::kPeerLeft;
  v1::Conference& conference = *record.mutable_conference();
  conference.set_status(next);
  conference.set_end_reason(EndReasonOf(event));
  SetTime(*conference.mutable_tm_end(), work_.now());
  record.set_deadline_at_us(ToMicroseconds(work_.now() + options_.terminating_timeout));
  if (!conference.recording_id().empty()) TUTTI_RETURN_IF_ERROR(StopRecording(record));
  if (!conference.transcribe_id().empty()) TUTTI_RETURN_IF_ERROR(StopTranscribeOf(record));
  work_.Emit("conference_updated", record);
  TUTTI_RETURN_IF_ERROR(EjectAll(
      record, peer_left ? ParticipantEvent::kPeerLeft : ParticipantEvent::kConferenceEnd,
      peer_left ? v1::Conferencecall::LEAVE_REASON_PEER_LEFT : v1::Conferencecall::LEAVE_REASON_CONFERENCE_ENDED));
  return Present(record) == 0 ? Terminate(record) : absl::OkStatus();
}

absl::Status Rules::ForceEmpty(ConferenceRecord& record) {
  TUTTI_RETURN_IF_ERROR(
      EjectAll(record, ParticipantEvent::kLeaveTimeout, v1::Conferencecall::LEAVE_REASON_CONFERENCE_ENDED));
  return Present(record) == 0 ? Terminate(record) : absl::OkStatus();
}

absl::Status Rules::EjectAll(ConferenceRecord& record, ParticipantEvent event, v1::Conferencecall::LeaveReason reason) {
  TUTTI_ASSIGN_OR_RETURN(const auto ids, work_.FindPresent(record.conference().id()));
  for (const std::string& id : ids) {
    TUTTI_ASSIGN_OR_RETURN(store::ConferencecallRecord * participant, work_.Conferencecall(id));
    // This step may have changed what the store still has.
    if (participant == nullptr || participant->conferencecall().status() == v1::Conferencecall::STATUS_LEAVED) continue;
    TUTTI_RETURN_IF_ERROR(MoveParticipant(*participant, event, reason));
  }
  return absl::OkStatus();
}

absl::Status Rules::Terminate(ConferenceRecord& record) {
  if (record.conference().status() == v1::Conference::STATUS_TERMINATED) return absl::OkStatus();
  TUTTI_ASSIGN_OR_RETURN(const auto next, Next(record.conference(), ConferenceEvent::kEmpty));
  record.mutable_conference()->set_status(next);
  SetTime(*record.mutable_conference()->mutable_tm_delete(), work_.now());
  record.set_deadline_at_us(0);
  if (record.bridge_wanted() == store::WANTED_PUT) {
    record.set_bridge_wanted(store::WANTED_REMOVE);
    work_.CommandBridge(record);
  }
  work_.Emit("conference_deleted", record);
  return absl::OkStatus();
}

absl::Status Rules::AddHost(ConferenceRecord& record) {
  work_.Touch(record);
  record.set_host_count(record.host_count() + 1);
  if (record.host_entered()) return absl::OkStatus();
  record.set_host_entered(true);
  if (record.conference().start_on_host() && record.bridge_wanted() == store::WANTED_PUT) work_.CommandBridge(record);
  return absl::OkStatus();
}

absl::Status Rules::SetLocked(ConferenceRecord& record, bool locked) {
  TUTTI_RETURN_IF_ERROR(Next(record.conference(), ConferenceEvent::kUpdate).status());
  if (record.conference().locked() == locked) return absl::OkStatus();
  record.mutable_conference()->set_locked(locked);
  work_.Emit("conference_updated", record);
  return absl::OkStatus();
}

absl::Status Rules::MuteAll(ConferenceRecord& record, bool muted) {
  TUTTI_RETURN_IF_ERROR(Next(record.conference(), ConferenceEvent::kUpdate).status());
  if (record.conference().muted_on_entry() != muted) {
    record.mutable_conference()->set_muted_on_entry(muted);
    work_.Emit("conference_updated", record);
  }
  TUTTI_ASSIGN_OR_RETURN(const auto ids, work_.FindPresent(record.conference().id()));
  for (const std::string& id : ids) {
    TUTTI_ASSIGN_OR_RETURN(store::ConferencecallRecord * participant, work_.Conferencecall(id));
    if (participant == nullptr || participant->conferencecall().host()) continue;
    if (!Next(participant->conferencecall(), ParticipantEvent::kUpdate).ok()) continue;
    v1::Conferencecall changed = participant->conferencecall();
    changed.set_muted(muted);
    TUTTI_RETURN_IF_ERROR(ChangeParticipant(*participant, changed));
  }
  return absl::OkStatus();
}

void Rules::PlaceBridge(ConferenceRecord& record, const std::string& node_id) {
  work_.Touch(record);
  if (record.bridge_wanted() == store::WANTED_PUT) return;
  record.set_node_id(node_id);
  record.set_bridge_wanted(store::WANTED_PUT);
  work_.CommandBridge(record);
}

absl::Status Rules::ArmTimeout(ConferenceRecord& record) {
  work_.Touch(record);
  const v1::Conference& conference = record.conference();
  if (conference.timeout() == 0) {
    record.set_deadline_at_us(0);
    return absl::OkStatus();
  }
  const absl::Time deadline = FromTimestamp(conference.tm_create()) + absl::Seconds(conference.timeout());
  record.set_deadline_at_us(ToMicroseconds(deadline));
  return deadline <= work_.now() ? EndConference(record, ConferenceEvent::kTimeout) : absl::OkStatus();
}

void Remember(google::protobuf::RepeatedPtrField<std::string>& history, const std::string& id) {
  constexpr int kHistoryMax = 1'000;
  if (history.size() == kHistoryMax) history.erase(history.begin());
  history.Add()->assign(id);
}

}  // namespace tutti::control
