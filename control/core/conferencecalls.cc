#include "control/core/conferencecalls.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/lookup.h"
#include "control/core/paging.h"
#include "control/core/steps.h"
#include "control/rules/validate.h"

namespace tutti::control {
namespace {

using store::ConferencecallRecord;
using ConferencecallReply = Reply<ConferencecallRecord, v1::Conferencecall>;

absl::StatusOr<ConferencecallRecord*> Load(Work& work, const Principal& principal, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(ConferencecallRecord * record, work.Conferencecall(id));
  if (record == nullptr || record->conferencecall().customer_id() != principal.customer_id) {
    return ResourceNotFound("conferencecall", id);
  }
  return record;
}

std::string ListScope(const Principal& principal, const v1::ListConferencecallsRequest& request) {
  return absl::StrCat("conferencecalls/", principal.customer_id, "/", request.status(), "/", request.conference_id());
}

}  // namespace

absl::StatusOr<v1::Conferencecall> Conferencecalls::Get(const Principal& principal, const std::string& id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", id));
  v1::Conferencecall conferencecall;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.conferencecalls.Find(id, Lock::kNo));
    if (!record.has_value() || record->conferencecall().customer_id() != principal.customer_id) {
      return ResourceNotFound("conferencecall", id);
    }
    conferencecall = Show(*record);
    return absl::OkStatus();
  }));
  return conferencecall;
}

absl::StatusOr<v1::ListConferencecallsResponse> Conferencecalls::List(const Principal& principal,
                                                                      const v1::ListConferencecallsRequest& request) {
  if (!request.conference_id().empty()) TUTTI_RETURN_IF_ERROR(CheckId("conference_id", request.conference_id()));
  return ReadPage<v1::ListConferencecallsResponse>(
      steps_, ListScope(principal, request), request, [&](Transaction& tx, const PageStart& start, int limit) {
        return tx.conferencecalls.List({principal.customer_id, request.conference_id(), request.status()}, start,
                                       limit);
      });
}

void Conferencecalls::Update(const Principal& principal, const v1::UpdateConferencecallRequest& request,
                             Done<v1::Conferencecall> done) {
  if (absl::Status status = CheckId("id", request.conferencecall().id()); !status.ok()) return done(status);
  steps_.RunReply<ConferencecallRecord, v1::Conferencecall>(
      principal,
      [principal, request](Work& work, Rules& rules) -> absl::StatusOr<ConferencecallReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferencecallRecord * record, Load(work, principal, request.conferencecall().id()));
        TUTTI_RETURN_IF_ERROR(CheckUnchanged(request.conferencecall(), record->conferencecall()));
        v1::Conferencecall changed = record->conferencecall();
        TUTTI_RETURN_IF_ERROR(CopyEditable(request.conferencecall(), request.update_mask(), changed));
        TUTTI_RETURN_IF_ERROR(CheckEditable(changed));
        TUTTI_RETURN_IF_ERROR(rules.ChangeParticipant(*record, changed));
        return ConferencecallReply{record, std::nullopt};
      },
      std::move(done));
}

void Conferencecalls::Move(const Principal& principal, const v1::MoveConferencecallRequest& request,
                           Done<v1::Conferencecall> done) {
  absl::Status status = CheckId("id", request.id());
  if (status.ok()) status = CheckId("conference_id", request.conference_id());
  if (!status.ok()) return done(status);
  steps_.RunReply<ConferencecallRecord, v1::Conferencecall>(
      principal,
      [principal, request](Work& work, Rules& rules) -> absl::StatusOr<ConferencecallReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferencecallRecord * record, Load(work, principal, request.id()));
        TUTTI_ASSIGN_OR_RETURN(ConferencecallRecord * moved, rules.MoveToRoom(*record, request.conference_id()));
        return ConferencecallReply{moved, std::nullopt};
      },
      std::move(done));
}

void Conferencecalls::Delete(const Principal& principal, const std::string& id, Done<v1::Conferencecall> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  steps_.RunReply<ConferencecallRecord, v1::Conferencecall>(
      principal,
      [principal, id](Work& work, Rules& rules) -> absl::StatusOr<ConferencecallReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferencecallRecord * record, Load(work, principal, id));
        TUTTI_RETURN_IF_ERROR(
            rules.MoveParticipant(*record, ParticipantEvent::kKick, v1::Conferencecall::LEAVE_REASON_KICKED));
        return ConferencecallReply{record, std::nullopt};
      },
      std::move(done));
}

absl::StatusOr<MediaRef> Conferencecalls::FindLeg(const Principal& principal, const std::string& conferencecall_id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", conferencecall_id));
  MediaRef ref;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.conferencecalls.Find(conferencecall_id, Lock::kNo));
    if (!record.has_value() || record->conferencecall().customer_id() != principal.customer_id) {
      return ResourceNotFound("conferencecall", conferencecall_id);
    }
    const v1::Conferencecall& participant = record->conferencecall();
    TUTTI_ASSIGN_OR_RETURN(const auto call, tx.calls.Find(participant.reference_id(), Lock::kNo));
    if (participant.status() != v1::Conferencecall::STATUS_JOINED || !call.has_value()) {
      return Error(absl::StatusCode::kFailedPrecondition, "STATE_INVALID",
                   absl::StrCat("conferencecall ", conferencecall_id, " is not joined"));
    }
    ref = MediaRef{call->node_id(), participant.reference_id(), call->leg_revision()};
    return absl::OkStatus();
  }));
  return ref;
}

}  // namespace tutti::control
