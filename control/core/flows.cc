#include "control/core/flows.h"

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

using store::FlowRecord;
using FlowReply = Reply<FlowRecord, v1::Flow>;

constexpr char kCreateFlowMethod[] = "CreateFlow";
constexpr int64_t kFlowsMax = 1'000;

absl::StatusOr<FlowRecord> Find(Transaction& tx, const Principal& principal, const std::string& id) {
  TUTTI_ASSIGN_OR_RETURN(auto record, tx.flows.Find(id, Lock::kNo));
  if (!record.has_value() || record->flow().customer_id() != principal.customer_id) return ResourceNotFound("flow", id);
  return *std::move(record);
}

absl::Status Check(const flow::Registry& registry, const v1::Flow& flow) {
  TUTTI_RETURN_IF_ERROR(CheckName(flow.name()));
  return registry.Check(flow.actions());
}

absl::StatusOr<FlowReply> MakeFlow(Work& work, const CoreOptions& options, const Principal& principal,
                                   const v1::CreateFlowRequest& request, const std::string& idempotency_key) {
  const IdempotencyTable::Key key{principal.customer_id, kCreateFlowMethod, idempotency_key};
  const std::string body_hash = HashOf(request);
  FlowReply reply;
  if (!idempotency_key.empty()) {
    TUTTI_ASSIGN_OR_RETURN(const auto entry, FindIdempotent(work, options, key, body_hash));
    if (entry.has_value()) {
      TUTTI_RETURN_IF_ERROR(ReadAnswer(*entry, reply.ready.emplace()));
      return reply;
    }
  }
  TUTTI_ASSIGN_OR_RETURN(const int64_t count, work.tx().flows.Count(principal.customer_id));
  if (count >= kFlowsMax) {
    return Error(absl::StatusCode::kResourceExhausted, "FLOW_LIMIT", absl::StrCat("there are ", count, " flows"));
  }
  FlowRecord record;
  v1::Flow& flow = *record.mutable_flow();
  flow.set_id(work.NewId());
  flow.set_customer_id(principal.customer_id);
  flow.set_name(request.flow().name());
  *flow.mutable_actions() = request.flow().actions();
  SetTime(*flow.mutable_tm_create(), work.now());
  SetTime(*flow.mutable_tm_update(), work.now());
  record.set_revision(1);
  TUTTI_RETURN_IF_ERROR(work.tx().flows.Insert(record));
  work.Emit("flow_created", flow);
  if (!idempotency_key.empty()) {
    TUTTI_RETURN_IF_ERROR(work.tx().idempotency_keys.Insert(
        key, {body_hash, flow.id(), flow.SerializeAsString(), ToMicroseconds(work.now())}));
  }
  reply.ready = flow;
  return reply;
}

absl::StatusOr<FlowReply> ReplaceFlow(Work& work, const Principal& principal, const v1::Flow& wish) {
  TUTTI_ASSIGN_OR_RETURN(FlowRecord record, Find(work.tx(), principal, wish.id()));
  v1::Flow& flow = *record.mutable_flow();
  if (!wish.customer_id().empty() && wish.customer_id() != flow.customer_id()) {
    return InvalidParameter("customer_id", "can't be changed");
  }
  flow.set_name(wish.name());
  *flow.mutable_actions() = wish.actions();
  SetTime(*flow.mutable_tm_update(), work.now());
  const int64_t read_revision = record.revision();
  record.set_revision(read_revision + 1);
  TUTTI_RETURN_IF_ERROR(work.tx().flows.Update(record, read_revision));
  work.Emit("flow_updated", flow);
  return FlowReply{nullptr, flow};
}

}  // namespace

void Flows::Create(const Principal& principal, const v1::CreateFlowRequest& request, const std::string& idempotency_key,
                   Done<v1::Flow> done) {
  absl::Status status = Check(steps_.registry(), request.flow());
  if (status.ok()) status = CheckIdempotencyKey(idempotency_key);
  if (!status.ok()) return done(status);
  steps_.RunReply<FlowRecord, v1::Flow>(
      principal,
      [&options = steps_.options(), principal, request, idempotency_key](Work& work, Rules&) {
        return MakeFlow(work, options, principal, request, idempotency_key);
      },
      std::move(done));
}

absl::StatusOr<v1::Flow> Flows::Get(const Principal& principal, const std::string& id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", id));
  v1::Flow flow;
  TUTTI_RETURN_IF_ERROR(steps_.Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const FlowRecord record, Find(tx, principal, id));
    flow = Show(record);
    return absl::OkStatus();
  }));
  return flow;
}

absl::StatusOr<v1::ListFlowsResponse> Flows::List(const Principal& principal, const v1::ListFlowsRequest& request) {
  return ReadPage<v1::ListFlowsResponse>(steps_, absl::StrCat("flows/", principal.customer_id), request,
                                         [&](Transaction& tx, const PageStart& start, int limit) {
                                           return tx.flows.List(principal.customer_id, start, limit);
                                         });
}

void Flows::Replace(const Principal& principal, const v1::ReplaceFlowRequest& request, Done<v1::Flow> done) {
  absl::Status status = CheckId("id", request.flow().id());
  if (status.ok()) status = Check(steps_.registry(), request.flow());
  if (!status.ok()) return done(status);
  steps_.RunReply<FlowRecord, v1::Flow>(
      principal, [principal, request](Work& work, Rules&) { return ReplaceFlow(work, principal, request.flow()); },
      std::move(done));
}

void Flows::Delete(const Principal& principal, const std::string& id, Done<v1::Flow> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  steps_.RunReply<FlowRecord, v1::Flow>(
      principal,
      [principal, id](Work& work, Rules&) -> absl::StatusOr<FlowReply> {
        TUTTI_ASSIGN_OR_RETURN(const FlowRecord record, Find(work.tx(), principal, id));
        TUTTI_RETURN_IF_ERROR(work.tx().flows.Delete(id));
        work.Emit("flow_deleted", record.flow());
        return FlowReply{nullptr, record.flow()};
      },
      std::move(done));
}

}  // namespace tutti::control
