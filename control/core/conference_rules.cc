#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/rules.h"
#include "control/core/times.h"

namespace tutti::control {
namespace {

using store::ConferenceRecord;

int Present(const ConferenceRecord& record) {
  return record.joining_count() + record.conference().participant_count() + record.leaving_count();
}

}  // namespace

absl::StatusOr<ConferenceRecord*> Rules::FindJoinable(const std::string& conference_id, const std::string& customer_id,
                                                      const std::string& node_id) {
  TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * found, work_.Conference(conference_id));
  if (found == nullptr || found->conference().customer_id() != customer_id) {
    return Error(absl::StatusCode::kNotFound, "CONFERENCE_NOT_FOUND",
                 absl::StrCat("there is no conference ", conference_id));
  }
  const v1::Conference& conference = found->conference();
  TUTTI_RETURN_IF_ERROR(Next(conference, ConferenceEvent::kJoin).status());
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
  conference.set_end_reason(peer_left                            ? v1::Conference::END_REASON_PARTICIPANT_LEFT
                            : event == ConferenceEvent::kTimeout ? v1::Conference::END_REASON_TIMEOUT
                                                                 : v1::Conference::END_REASON_DELETED);
  SetTime(*conference.mutable_tm_end(), work_.now());
  record.set_deadline_at_us(ToMicroseconds(work_.now() + options_.terminating_timeout));
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
  TUTTI_ASSIGN_OR_RETURN(const auto ids, work_.tx().conferencecalls.FindPresent(record.conference().id()));
  for (const std::string& id : ids) {
    TUTTI_ASSIGN_OR_RETURN(store::ConferencecallRecord * participant, work_.Conferencecall(id));
    // This step may have changed what the query still sees.
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

}  // namespace tutti::control
