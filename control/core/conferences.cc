#include "control/core/conferences.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/idempotency.h"
#include "control/core/lookup.h"
#include "control/core/paging.h"
#include "control/core/steps.h"
#include "control/rules/times.h"
#include "control/rules/validate.h"

namespace tutti::control {
namespace {

using store::ConferenceRecord;
using ConferenceReply = Reply<ConferenceRecord, v1::Conference>;

constexpr int kConferencecallIdsMax = 1'000;

absl::StatusOr<ConferenceReply> MakeConference(Work& work, Rules& rules, const CoreOptions& options,
                                               const Principal& principal, const v1::CreateConferenceRequest& request,
                                               const std::string& idempotency_key) {
  const IdempotencyTable::Key key{principal.customer_id, kCreateConferenceMethod, idempotency_key};
  const std::string body_hash = HashOf(request);
  ConferenceReply reply;
  if (!idempotency_key.empty()) {
    TUTTI_ASSIGN_OR_RETURN(const auto entry, FindIdempotent(work, options, key, body_hash));
    if (entry.has_value()) {
      TUTTI_RETURN_IF_ERROR(ReadAnswer(*entry, reply.ready.emplace()));
      return reply;
    }
  }
  const v1::Conference& asked = request.conference();
  ConferenceRecord record;
  v1::Conference& conference = *record.mutable_conference();
  conference.set_id(asked.id().empty() ? work.NewId() : asked.id());
  conference.set_customer_id(principal.customer_id);
  conference.set_type(asked.type() == v1::Conference::TYPE_UNSPECIFIED ? v1::Conference::TYPE_CONFERENCE
                                                                       : asked.type());
  conference.set_status(v1::Conference::STATUS_STARTING);
  TUTTI_RETURN_IF_ERROR(CopyEditable(asked, nullptr, conference));
  SetTime(*conference.mutable_tm_create(), work.now());
  TUTTI_ASSIGN_OR_RETURN(const ConferenceRecord* taken, work.Conference(conference.id()));
  if (taken != nullptr) {
    return Error(absl::StatusCode::kAlreadyExists, "CONFERENCE_ALREADY_EXISTS",
                 absl::StrCat("conference ", conference.id(), " exists"));
  }
  reply.record = work.Add(std::move(record));
  TUTTI_ASSIGN_OR_RETURN(const auto next, Next(reply.record->conference(), ConferenceEvent::kStart));
  reply.record->mutable_conference()->set_status(next);
  work.Emit("conference_created", *reply.record);
  TUTTI_RETURN_IF_ERROR(rules.ArmTimeout(*reply.record));
  if (!idempotency_key.empty()) {
    const v1::Conference answer = Show(*reply.record);
    TUTTI_RETURN_IF_ERROR(work.tx().idempotency_keys.Insert(
        key, {body_hash, answer.id(), answer.SerializeAsString(), ToMicroseconds(work.now())}));
  }
  return reply;
}

// PUT (`mask` null) and PATCH.
absl::StatusOr<ConferenceReply> Change(Work& work, Rules& rules, const Principal& principal,
                                       const v1::Conference& request, const google::protobuf::FieldMask* mask,
                                       const std::string& if_match) {
  TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * record, LoadConference(work, principal, request.id()));
  v1::Conference& conference = *record->mutable_conference();
  TUTTI_RETURN_IF_ERROR(CheckUnchanged(request, conference));
  const std::string etag = Show(*record).etag();
  if (!if_match.empty() && if_match != etag) {
    return Error(absl::StatusCode::kAborted, "ETAG_MISMATCH",
                 absl::StrCat("conference ", request.id(), " has changed: its etag is ", etag), {{"etag", etag}});
  }
  TUTTI_RETURN_IF_ERROR(Next(conference, ConferenceEvent::kUpdate).status());
  v1::Conference changed = conference;
  TUTTI_RETURN_IF_ERROR(CopyEditable(request, mask, changed));
  TUTTI_RETURN_IF_ERROR(CheckEditable(changed));
  const bool rearm = changed.timeout() != conference.timeout();
  const bool parts = changed.start_on_host() != conference.start_on_host();
  conference = std::move(changed);
  work.Emit("conference_updated", *record);
  if (parts && record->bridge_wanted() == store::WANTED_PUT) work.CommandBridge(*record);
  if (rearm) TUTTI_RETURN_IF_ERROR(rules.ArmTimeout(*record));
  return ConferenceReply{record, std::nullopt};
}

std::string ListScope(const Principal& principal, const v1::ListConferencesRequest& request) {
  return absl::StrCat("conferences/", principal.customer_id, "/", request.status(), "/", request.type());
}

}  // namespace

void Conferences::Create(const Principal& principal, const v1::CreateConferenceRequest& request,
                         const std::string& idempotency_key, Done<v1::Conference> done) {
  absl::Status status = CheckNewConference(request.conference());
  if (status.ok()) status = CheckIdempotencyKey(idempotency_key);
  if (!status.ok()) return done(status);
  steps_.RunReply<ConferenceRecord, v1::Conference>(
      principal,
      [&options = steps_.options(), principal, request, idempotency_key](Work& work, Rules& rules) {
        return MakeConference(work, rules, options, principal, request, idempotency_key);
      },
      std::move(done));
}

absl::StatusOr<v1::Conference> Conferences::Get(const Principal& principal, const std::string& id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", id));
  v1::Conference conference;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.conferences.Find(id, Lock::kNo));
    if (!record.has_value() || record->conference().customer_id() != principal.customer_id) {
      return ResourceNotFound("conference", id);
    }
    conference = Show(*record);
    if (conference.participant_count() == 0) return absl::OkStatus();
    TUTTI_ASSIGN_OR_RETURN(auto ids, tx.conferencecalls.FindJoined(id, kConferencecallIdsMax));
    for (std::string& joined : ids) conference.add_conferencecall_ids(std::move(joined));
    return absl::OkStatus();
  }));
  return conference;
}

absl::StatusOr<v1::ListConferencesResponse> Conferences::List(const Principal& principal,
                                                              const v1::ListConferencesRequest& request) {
  return ReadPage<v1::ListConferencesResponse>(
      steps_, ListScope(principal, request), request, [&](Transaction& tx, const PageStart& start, int limit) {
        return tx.conferences.List({principal.customer_id, request.status(), request.type()}, start, limit);
      });
}

void Conferences::Replace(const Principal& principal, const v1::ReplaceConferenceRequest& request,
                          Done<v1::Conference> done) {
  if (absl::Status status = CheckId("id", request.conference().id()); !status.ok()) return done(status);
  steps_.RunReply<ConferenceRecord, v1::Conference>(
      principal,
      [principal, request](Work& work, Rules& rules) {
        return Change(work, rules, principal, request.conference(), nullptr, request.if_match());
      },
      std::move(done));
}

void Conferences::Update(const Principal& principal, const v1::UpdateConferenceRequest& request,
                         Done<v1::Conference> done) {
  if (absl::Status status = CheckId("id", request.conference().id()); !status.ok()) return done(status);
  steps_.RunReply<ConferenceRecord, v1::Conference>(
      principal,
      [principal, request](Work& work, Rules& rules) {
        return Change(work, rules, principal, request.conference(), &request.update_mask(), request.if_match());
      },
      std::move(done));
}

void Conferences::Delete(const Principal& principal, const std::string& id, Done<v1::Conference> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  steps_.RunReply<ConferenceRecord, v1::Conference>(
      principal,
      [principal, id](Work& work, Rules& rules) -> absl::StatusOr<ConferenceReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * record, LoadConference(work, principal, id));
        TUTTI_RETURN_IF_ERROR(rules.EndConference(*record, ConferenceEvent::kDelete));
        return ConferenceReply{record, std::nullopt};
      },
      std::move(done));
}

void Conferences::SetLocked(const Principal& principal, const std::string& id, bool locked, Done<v1::Conference> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  steps_.RunReply<ConferenceRecord, v1::Conference>(
      principal,
      [principal, id, locked](Work& work, Rules& rules) -> absl::StatusOr<ConferenceReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * record, LoadConference(work, principal, id));
        TUTTI_RETURN_IF_ERROR(rules.SetLocked(*record, locked));
        return ConferenceReply{record, std::nullopt};
      },
      std::move(done));
}

void Conferences::MuteAll(const Principal& principal, const std::string& id, bool muted, Done<v1::Conference> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  steps_.RunReply<ConferenceRecord, v1::Conference>(
      principal,
      [principal, id, muted](Work& work, Rules& rules) -> absl::StatusOr<ConferenceReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * record, LoadConference(work, principal, id));
        TUTTI_RETURN_IF_ERROR(rules.MuteAll(*record, muted));
        return ConferenceReply{record, std::nullopt};
      },
      std::move(done));
}

absl::StatusOr<MediaRef> Conferences::FindBridge(const Principal& principal, const std::string& conference_id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", conference_id));
  MediaRef ref;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.conferences.Find(conference_id, Lock::kNo));
    if (!record.has_value() || record->conference().customer_id() != principal.customer_id) {
      return ResourceNotFound("conference", conference_id);
    }
    const v1::Conference& conference = record->conference();
    if (conference.status() != v1::Conference::STATUS_PROGRESSING || conference.participant_count() == 0 ||
        record->bridge_wanted() != store::WANTED_PUT) {
      return Error(absl::StatusCode::kFailedPrecondition, "STATE_INVALID",
                   absl::StrCat("conference ", conference_id, " has nobody who could hear it"));
    }
    ref = MediaRef{record->node_id(), conference_id, record->bridge_revision()};
    return absl::OkStatus();
  }));
  return ref;
}

void Conferences::PlaceBridge(const Principal& principal, const std::string& conference_id, Done<MediaRef> done) {
  if (absl::Status status = CheckId("id", conference_id); !status.ok()) return done(status);
  auto ref = std::make_shared<MediaRef>();
  steps_.Run(
      principal.traceparent,
      [&steps = steps_, principal, conference_id, ref](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * room, LoadConference(work, principal, conference_id));
        TUTTI_RETURN_IF_ERROR(Next(room->conference(), ConferenceEvent::kListen).status());
        TUTTI_ASSIGN_OR_RETURN(const std::string node_id, steps.nodes().Pick(room->node_id()));
        if (room->bridge_wanted() != store::WANTED_PUT) rules.PlaceBridge(*room, node_id);
        *ref = {room->node_id(), conference_id, room->bridge_revision()};
        return absl::OkStatus();
      },
      nullptr,
      [ref, done = std::move(done)](absl::Status status) {
        if (!status.ok()) return done(std::move(status));
        done(*ref);
      });
}

}  // namespace tutti::control
