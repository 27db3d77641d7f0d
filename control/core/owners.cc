#include "control/core/owners.h"

#include "common/status/status.h"
#include "control/core/steps.h"
#include "control/rules/times.h"

namespace tutti::control {

absl::StatusOr<std::map<std::string, LegOwner>> Owners::FindOfLegs(const std::vector<std::string>& leg_ids) {
  std::map<std::string, LegOwner> owners;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    for (const std::string& id : leg_ids) {
      TUTTI_ASSIGN_OR_RETURN(const auto call, tx.calls.Find(id, Lock::kNo));
      if (!call.has_value()) continue;
      LegOwner& owner = owners[id];
      owner.customer_id = call->call().customer_id();
      const std::string& participant_id = call->flow().conferencecall_id();
      if (participant_id.empty()) continue;
      TUTTI_ASSIGN_OR_RETURN(const auto participant, tx.conferencecalls.Find(participant_id, Lock::kNo));
      if (!participant.has_value()) continue;
      const v1::Conferencecall::Status status = participant->conferencecall().status();
      if (status != v1::Conferencecall::STATUS_JOINING && status != v1::Conferencecall::STATUS_JOINED) continue;
      owner.conferencecall_id = participant_id;
      owner.conference_id = participant->conferencecall().conference_id();
    }
    return absl::OkStatus();
  }));
  return owners;
}

absl::StatusOr<std::map<std::string, TranscribeOwner>> Owners::FindOfTranscribes(const std::vector<std::string>& ids) {
  std::map<std::string, TranscribeOwner> owners;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    for (const std::string& id : ids) {
      TUTTI_ASSIGN_OR_RETURN(const auto record, tx.transcribes.Find(id, Lock::kNo));
      if (!record.has_value()) continue;
      const v1::Transcribe& transcribe = record->transcribe();
      owners[id] = {transcribe.customer_id(), transcribe.reference_id(), FromTimestamp(transcribe.tm_create())};
    }
    return absl::OkStatus();
  }));
  return owners;
}

}  // namespace tutti::control
