#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/core_impl.h"
#include "control/core/times.h"
#include "control/core/validate.h"

namespace tutti::control {
namespace {

using store::ConferencecallRecord;
using store::ConferenceRecord;
using ConferenceReply = Reply<ConferenceRecord, v1::Conference>;
using ConferencecallReply = Reply<ConferencecallRecord, v1::Conferencecall>;

constexpr int kConferencecallIdsMax = 1'000;

absl::StatusOr<ConferencecallRecord*> LoadConferencecall(Work& work, const Principal& principal,
                                                         const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(ConferencecallRecord * record, work.Conferencecall(id));
  if (record == nullptr || record->conferencecall().customer_id() != principal.customer_id) {
    return ResourceNotFound("conferencecall", id);
  }
  return record;
}

absl::StatusOr<ConferenceReply> Create(Work& work, Rules& rules, const Core::Options& options,
                                       const Principal& principal, const v1::CreateConferenceRequest& request,
                                       const std::string& idempotency_key) {
  const IdempotencyTable::Key key{principal.customer_id, kCreateConferenceMethod, idempotency_key};
  const std::string body_hash = HashOf(request);
  ConferenceReply reply;
  if (!idempotency_key.empty()) {
    TUTTI_ASSIGN_OR_RETURN(const auto entry, FindIdempotent(work, options, key, body_hash));
    if (entry.has_value()) {
      if (!reply.ready.emplace().ParseFromString(entry->response.value_or(""))) {
        return absl::DataLossError("the stored answer of an idempotency key can't be read");
      }
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
  TUTTI_ASSIGN_OR_RETURN(reply.record, work.Add(std::move(record)));
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

std::string ListScope(const Principal& principal, const v1::ListConferencecallsRequest& request) {
  return absl::StrCat("conferencecalls/", principal.customer_id, "/", request.status(), "/", request.conference_id());
}

}  // namespace

absl::StatusOr<ConferenceRecord*> LoadConference(Work& work, const Principal& principal, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * record, work.Conference(id));
  if (record == nullptr || record->conference().customer_id() != principal.customer_id) {
    return ResourceNotFound("conference", id);
  }
  return record;
}

void Core::CreateConference(const Principal& principal, const v1::CreateConferenceRequest& request,
                            const std::string& idempotency_key, Done<v1::Conference> done) {
  absl::Status status = CheckNewConference(request.conference());
  if (status.ok()) status = CheckIdempotencyKey(idempotency_key);
  if (!status.ok()) return done(status);
  impl_->RunReply<ConferenceRecord, v1::Conference>(
      [options = impl_->options, principal, request, idempotency_key](Work& work, Rules& rules) {
        return Create(work, rules, options, principal, request, idempotency_key);
      },
      std::move(done));
}

absl::StatusOr<v1::Conference> Core::GetConference(const Principal& principal, const std::string& id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", id));
  v1::Conference conference;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
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

absl::StatusOr<v1::ListConferencesResponse> Core::ListConferences(const Principal& principal,
                                                                  const v1::ListConferencesRequest& request) {
  TUTTI_ASSIGN_OR_RETURN(const int size, CheckPageSize(request.page_size()));
  const std::string scope = ListScope(principal, request);
  TUTTI_ASSIGN_OR_RETURN(const PageStart start, OpenPageToken(*impl_->signer, scope, request.page_token()));
  v1::ListConferencesResponse response;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    // One more tells whether there is another page.
    TUTTI_ASSIGN_OR_RETURN(
        auto records, tx.conferences.List({principal.customer_id, request.status(), request.type()}, start, size + 1));
    for (size_t i = 0; i < records.size() && i < static_cast<size_t>(size); ++i) {
      *response.add_result() = Show(records[i]);
    }
    if (records.size() > static_cast<size_t>(size)) {
      const v1::Conference& last = response.result(size - 1);
      response.set_next_page_token(
          MakePageToken(*impl_->signer, scope, table::Microseconds(last.tm_create()), last.id()));
    }
    return absl::OkStatus();
  }));
  return response;
}

void Core::ReplaceConference(const Principal& principal, const v1::ReplaceConferenceRequest& request,
                             Done<v1::Conference> done) {
  if (absl::Status status = CheckId("id", request.conference().id()); !status.ok()) return done(status);
  impl_->RunReply<ConferenceRecord, v1::Conference>(
      [principal, request](Work& work, Rules& rules) {
        return Change(work, rules, principal, request.conference(), nullptr, request.if_match());
      },
      std::move(done));
}

void Core::UpdateConference(const Principal& principal, const v1::UpdateConferenceRequest& request,
                            Done<v1::Conference> done) {
  if (absl::Status status = CheckId("id", request.conference().id()); !status.ok()) return done(status);
  impl_->RunReply<ConferenceRecord, v1::Conference>(
      [principal, request](Work& work, Rules& rules) {
        return Change(work, rules, principal, request.conference(), &request.update_mask(), request.if_match());
      },
      std::move(done));
}

void Core::DeleteConference(const Principal& principal, const std::string& id, Done<v1::Conference> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  impl_->RunReply<ConferenceRecord, v1::Conference>(
      [principal, id](Work& work, Rules& rules) -> absl::StatusOr<ConferenceReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * record, LoadConference(work, principal, id));
        TUTTI_RETURN_IF_ERROR(rules.EndConference(*record, ConferenceEvent::kDelete));
        return ConferenceReply{record, std::nullopt};
      },
      std::move(done));
}

absl::StatusOr<v1::Conferencecall> Core::GetConferencecall(const Principal& principal, const std::string& id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", id));
  v1::Conferencecall conferencecall;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const auto record, tx.conferencecalls.Find(id, Lock::kNo));
    if (!record.has_value() || record->conferencecall().customer_id() != principal.customer_id) {
      return ResourceNotFound("conferencecall", id);
    }
    conferencecall = Show(*record);
    return absl::OkStatus();
  }));
  return conferencecall;
}

absl::StatusOr<v1::ListConferencecallsResponse> Core::ListConferencecalls(
    const Principal& principal, const v1::ListConferencecallsRequest& request) {
  TUTTI_ASSIGN_OR_RETURN(const int size, CheckPageSize(request.page_size()));
  if (!request.conference_id().empty()) TUTTI_RETURN_IF_ERROR(CheckId("conference_id", request.conference_id()));
  const std::string scope = ListScope(principal, request);
  TUTTI_ASSIGN_OR_RETURN(const PageStart start, OpenPageToken(*impl_->signer, scope, request.page_token()));
  v1::ListConferencecallsResponse response;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(
        auto records,
        tx.conferencecalls.List({principal.customer_id, request.conference_id(), request.status()}, start, size + 1));
    for (size_t i = 0; i < records.size() && i < static_cast<size_t>(size); ++i) {
      *response.add_result() = Show(records[i]);
    }
    if (records.size() > static_cast<size_t>(size)) {
      const v1::Conferencecall& last = response.result(size - 1);
      response.set_next_page_token(
          MakePageToken(*impl_->signer, scope, table::Microseconds(last.tm_create()), last.id()));
    }
    return absl::OkStatus();
  }));
  return response;
}

void Core::SetConferenceLocked(const Principal& principal, const std::string& id, bool locked,
                               Done<v1::Conference> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  impl_->RunReply<ConferenceRecord, v1::Conference>(
      [principal, id, locked](Work& work, Rules& rules) -> absl::StatusOr<ConferenceReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * record, LoadConference(work, principal, id));
        TUTTI_RETURN_IF_ERROR(rules.SetLocked(*record, locked));
        return ConferenceReply{record, std::nullopt};
      },
      std::move(done));
}

void Core::MuteAll(const Principal& principal, const std::string& id, bool muted, Done<v1::Conference> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  impl_->RunReply<ConferenceRecord, v1::Conference>(
      [principal, id, muted](Work& work, Rules& rules) -> absl::StatusOr<ConferenceReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferenceRecord * record, LoadConference(work, principal, id));
        TUTTI_RETURN_IF_ERROR(rules.MuteAll(*record, muted));
        return ConferenceReply{record, std::nullopt};
      },
      std::move(done));
}

void Core::UpdateConferencecall(const Principal& principal, const v1::UpdateConferencecallRequest& request,
                                Done<v1::Conferencecall> done) {
  if (absl::Status status = CheckId("id", request.conferencecall().id()); !status.ok()) return done(status);
  impl_->RunReply<ConferencecallRecord, v1::Conferencecall>(
      [principal, request](Work& work, Rules& rules) -> absl::StatusOr<ConferencecallReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferencecallRecord * record,
                               LoadConferencecall(work, principal, request.conferencecall().id()));
        TUTTI_RETURN_IF_ERROR(CheckUnchanged(request.conferencecall(), record->conferencecall()));
        v1::Conferencecall changed = record->conferencecall();
        TUTTI_RETURN_IF_ERROR(CopyEditable(request.conferencecall(), request.update_mask(), changed));
        TUTTI_RETURN_IF_ERROR(CheckEditable(changed));
        TUTTI_RETURN_IF_ERROR(rules.ChangeParticipant(*record, changed));
        return ConferencecallReply{record, std::nullopt};
      },
      std::move(done));
}

void Core::MoveConferencecall(const Principal& principal, const v1::MoveConferencecallRequest& request,
                              Done<v1::Conferencecall> done) {
  absl::Status status = CheckId("id", request.id());
  if (status.ok()) status = CheckId("conference_id", request.conference_id());
  if (!status.ok()) return done(status);
  impl_->RunReply<ConferencecallRecord, v1::Conferencecall>(
      [principal, request](Work& work, Rules& rules) -> absl::StatusOr<ConferencecallReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferencecallRecord * record, LoadConferencecall(work, principal, request.id()));
        TUTTI_ASSIGN_OR_RETURN(ConferencecallRecord * moved, rules.MoveToRoom(*record, request.conference_id()));
        return ConferencecallReply{moved, std::nullopt};
      },
      std::move(done));
}

void Core::DeleteConferencecall(const Principal& principal, const std::string& id, Done<v1::Conferencecall> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  impl_->RunReply<ConferencecallRecord, v1::Conferencecall>(
      [principal, id](Work& work, Rules& rules) -> absl::StatusOr<ConferencecallReply> {
        TUTTI_ASSIGN_OR_RETURN(ConferencecallRecord * record, LoadConferencecall(work, principal, id));
        TUTTI_RETURN_IF_ERROR(
            rules.MoveParticipant(*record, ParticipantEvent::kKick, v1::Conferencecall::LEAVE_REASON_KICKED));
        return ConferencecallReply{record, std::nullopt};
      },
      std::move(done));
}

}  // namespace tutti::control
