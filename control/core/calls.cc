#include "control/core/calls.h"

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

using store::CallRecord;
using CallReply = Reply<CallRecord, v1::Call>;

// Seconds; the comment of Call.media_timeout.
constexpr int kMediaTimeoutDefault = 30;
constexpr int kStreamRateDefault = 16'000;

// What became of a create's first step.
struct Created {
  // The call to wait for.
  std::string call_id;
  // Made by an earlier request with the same key.
  bool twin = false;
  // The answer that the earlier one got.
  std::optional<v1::Call> ready;
};

// What the leg is made of: an offer, or a stream.
struct LegMedia {
  media::v1::MediaDescription offer;
  std::optional<media::v1::LegStream> stream;
};

// Intent first: the row, wanting its leg. The media plane's answer is another step.
absl::StatusOr<Created> MakeCall(Work& work, Rules& rules, Steps& steps, const Principal& principal,
                                 const v1::CreateCallRequest& request, const LegMedia& media,
                                 const std::string& idempotency_key) {
  const IdempotencyTable::Key key{principal.customer_id, kCreateCallMethod, idempotency_key};
  const std::string body_hash = HashOf(request);
  Created created;
  if (!idempotency_key.empty()) {
    TUTTI_ASSIGN_OR_RETURN(const auto entry, FindIdempotent(work, steps.options(), key, body_hash));
    if (entry.has_value()) {
      created.call_id = entry->resource_id;
      created.twin = true;
      if (entry->response.has_value()) TUTTI_RETURN_IF_ERROR(ReadAnswer(*entry, created.ready.emplace()));
      return created;
    }
  }
  google::protobuf::RepeatedPtrField<v1::Action> actions = request.call().actions();
  if (!request.call().flow_id().empty()) {
    TUTTI_ASSIGN_OR_RETURN(const auto flow, work.tx().flows.Find(request.call().flow_id(), Lock::kNo));
    if (!flow.has_value() || flow->flow().customer_id() != principal.customer_id) {
      return ResourceNotFound("flow", request.call().flow_id());
    }
    actions = flow->flow().actions();
  }
  // The leg goes where the room is.
  std::string room_node;
  if (const auto join = steps.registry().Join(actions.Get(0)); join.has_value()) {
    TUTTI_ASSIGN_OR_RETURN(const store::ConferenceRecord* room, rules.FindJoinable(*join, principal.customer_id, ""));
    room_node = room->node_id();
  }
  TUTTI_ASSIGN_OR_RETURN(const std::string node_id, steps.nodes().Pick(room_node));

  const v1::Call& asked = request.call();
  CallRecord record;
  v1::Call& call = *record.mutable_call();
  call.set_id(work.NewId());
  call.set_customer_id(principal.customer_id);
  call.set_type(asked.type());
  call.set_direction(v1::Call::DIRECTION_INCOMING);
  call.set_status(v1::Call::STATUS_RINGING);
  call.set_source(asked.source());
  call.set_destination(asked.destination());
  call.set_sdp_offer(asked.sdp_offer());
  call.set_symmetric(asked.symmetric());
  call.set_media_timeout(asked.has_media_timeout() ? asked.media_timeout() : kMediaTimeoutDefault);
  *call.mutable_actions() = std::move(actions);
  call.set_flow_id(asked.flow_id());
  SetTime(*call.mutable_tm_create(), work.now());
  record.set_node_id(node_id);
  record.set_leg_wanted(store::WANTED_PUT);
  *record.mutable_offer() = media.offer;
  if (media.stream.has_value()) *record.mutable_stream() = *media.stream;
  record.mutable_flow()->set_activeflow_id(work.NewId());
  record.set_idempotency_key(idempotency_key);
  record.set_state_deadline_at_us(ToMicroseconds(work.now() + steps.options().setup_timeout));
  record.set_deadline_at_us(record.state_deadline_at_us());
  created.call_id = call.id();
  CallRecord* added = work.Add(std::move(record));
  work.CommandLeg(*added);
  work.Emit("call_ringing", *added);
  if (!idempotency_key.empty()) {
    TUTTI_RETURN_IF_ERROR(
        work.tx().idempotency_keys.Insert(key, {body_hash, created.call_id, std::nullopt, ToMicroseconds(work.now())}));
  }
  return created;
}

// Asks for the call's leg, and waits for it.
void StartCall(Steps& steps, const Principal& principal, const v1::CreateCallRequest& request, const LegMedia& media,
               const std::string& idempotency_key, Done<v1::Call> done) {
  auto created = std::make_shared<Created>();
  steps.Run(
      principal.traceparent,
      [&steps, principal, request, media, idempotency_key, created](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(*created, MakeCall(work, rules, steps, principal, request, media, idempotency_key));
        return absl::OkStatus();
      },
      // Before the effects: the leg's answer can't be missed.
      [&steps, done, created] {
        if (!created->ready.has_value()) steps.waiters().Add(created->call_id, done);
      },
      [&steps, done, created](const absl::Status& result) {
        if (!result.ok()) return done(result);
        if (created->ready.has_value()) return done(*created->ready);
        if (!created->twin) return;
        // The twin may have been answered meanwhile, perhaps by another replica.
        // An error of the store's is nobody's answer: the next poll finds it.
        PollWaiters(steps).IgnoreError();
      });
}

absl::StatusOr<CallRecord*> Load(Work& work, const Principal& principal, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(CallRecord * record, work.Call(id));
  if (record == nullptr || record->call().customer_id() != principal.customer_id) return ResourceNotFound("call", id);
  return record;
}

std::string ListScope(const Principal& principal, const v1::ListCallsRequest& request) {
  return absl::StrCat("calls/", principal.customer_id, "/", request.status());
}

absl::StatusOr<CallRecord> Find(Steps& steps, const Principal& principal, const std::string& id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", id));
  CallRecord found;
  TUTTI_RETURN_IF_ERROR(steps.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(auto record, tx.calls.Find(id, Lock::kNo));
    if (!record.has_value() || record->call().customer_id() != principal.customer_id) {
      return ResourceNotFound("call", id);
    }
    found = *std::move(record);
    return absl::OkStatus();
  }));
  return found;
}

}  // namespace

void Calls::Create(const Principal& principal, const v1::CreateCallRequest& request,
                   const media::v1::MediaDescription& offer, const std::string& idempotency_key, Done<v1::Call> done) {
  absl::Status status = CheckNewCall(request.call());
  if (status.ok() && request.call().flow_id().empty()) status = steps_.registry().Check(request.call().actions());
  if (status.ok()) status = CheckIdempotencyKey(idempotency_key);
  if (!status.ok()) return done(status);
  StartCall(steps_, principal, request, LegMedia{offer, std::nullopt}, idempotency_key, std::move(done));
}

void Calls::CreateStream(const Principal& principal, const v1::OpenMediaStreamRequest& request,
                         const std::string& token, Done<v1::Call> done) {
  if (absl::Status status = CheckOpenMediaStream(request); !status.ok()) return done(status);
  v1::CreateCallRequest create;
  v1::Call& call = *create.mutable_call();
  call.set_type(v1::Call::TYPE_WEBSOCKET);
  call.set_source(request.source());
  // Its line tells when it is gone.
  call.set_media_timeout(0);
  v1::Action& join = *call.add_actions();
  join.set_type("conference_join");
  auto& option = *join.mutable_option()->mutable_fields();
  option["conference_id"].set_string_value(request.id());
  if (!request.pin().empty()) option["pin"].set_string_value(request.pin());
  media::v1::LegStream stream;
  stream.set_token(token);
  stream.set_sample_rate_hz(request.rate() == 0 ? kStreamRateDefault : request.rate());
  StartCall(steps_, principal, create, LegMedia{{}, stream}, "", std::move(done));
}

absl::StatusOr<v1::Call> Calls::Get(const Principal& principal, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(const CallRecord record, Find(steps_, principal, id));
  return Show(record);
}

absl::StatusOr<MediaRef> Calls::FindLeg(const Principal& principal, const std::string& call_id) {
  TUTTI_ASSIGN_OR_RETURN(const CallRecord record, Find(steps_, principal, call_id));
  const bool there = record.leg_wanted() == store::WANTED_PUT;
  return MediaRef{there ? record.node_id() : "", call_id, record.leg_revision()};
}

absl::StatusOr<v1::ListCallsResponse> Calls::List(const Principal& principal, const v1::ListCallsRequest& request) {
  return ReadPage<v1::ListCallsResponse>(steps_, ListScope(principal, request), request,
                                         [&](Transaction& tx, const PageStart& start, int limit) {
                                           return tx.calls.List(principal.customer_id, request.status(), start, limit);
                                         });
}

void Calls::Reoffer(const Principal& principal, const v1::ReofferCallRequest& request,
                    const media::v1::MediaDescription& offer, Done<v1::Call> done) {
  absl::Status status = CheckId("id", request.id());
  if (status.ok()) status = CheckSdpOffer(request.sdp_offer());
  if (!status.ok()) return done(status);
  steps_.Run(
      principal.traceparent,
      [principal, request, offer](Work& work, Rules& rules) -> absl::Status {
        TUTTI_ASSIGN_OR_RETURN(CallRecord * record, Load(work, principal, request.id()));
        return rules.Reoffer(*record, request.sdp_offer(), offer);
      },
      // Before the effects: the leg's answer can't be missed.
      [&steps = steps_, done, request] {
        steps.waiters().Add(request.id(), [done, request](absl::StatusOr<v1::Call> call) {
          if (!call.ok() || call->sdp_offer() == request.sdp_offer()) return done(std::move(call));
          // Found in the row, where the reason of a refusal is not kept.
          done(Error(absl::StatusCode::kFailedPrecondition, "REOFFER_REFUSED",
                     absl::StrCat("call ", request.id(), " keeps the offer that it had")));
        });
      },
      [done](const absl::Status& result) {
        if (!result.ok()) done(result);
      });
}

void Calls::SetOnHold(const Principal& principal, const std::string& id, bool on_hold, Done<v1::Call> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  steps_.RunReply<CallRecord, v1::Call>(
      principal,
      [principal, id, on_hold](Work& work, Rules& rules) -> absl::StatusOr<CallReply> {
        TUTTI_ASSIGN_OR_RETURN(CallRecord * record, Load(work, principal, id));
        TUTTI_RETURN_IF_ERROR(rules.ChangeCall(*record, on_hold, record->call().muted()));
        return CallReply{record, std::nullopt};
      },
      std::move(done));
}

void Calls::SetMuted(const Principal& principal, const std::string& id, bool muted, Done<v1::Call> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  steps_.RunReply<CallRecord, v1::Call>(
      principal,
      [principal, id, muted](Work& work, Rules& rules) -> absl::StatusOr<CallReply> {
        TUTTI_ASSIGN_OR_RETURN(CallRecord * record, Load(work, principal, id));
        TUTTI_RETURN_IF_ERROR(rules.ChangeCall(*record, record->call().on_hold(), muted));
        return CallReply{record, std::nullopt};
      },
      std::move(done));
}

void Calls::Hangup(const Principal& principal, const std::string& id, Done<v1::Call> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  steps_.RunReply<CallRecord, v1::Call>(
      principal,
      [principal, id](Work& work, Rules& rules) -> absl::StatusOr<CallReply> {
        TUTTI_ASSIGN_OR_RETURN(CallRecord * record, Load(work, principal, id));
        TUTTI_RETURN_IF_ERROR(
            rules.EndCall(*record, CallEvent::kHangup, v1::Call::HANGUP_BY_LOCAL, v1::Call::HANGUP_REASON_NORMAL));
        return CallReply{record, std::nullopt};
      },
      std::move(done));
}

}  // namespace tutti::control
