#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/core_impl.h"
#include "control/core/times.h"
#include "control/core/validate.h"

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

absl::StatusOr<FlowReply> Create(Work& work, const Core::Options& options, const Principal& principal,
                                 const v1::CreateFlowRequest& request, const std::string& idempotency_key) {
  const IdempotencyTable::Key key{principal.customer_id, kCreateFlowMethod, idempotency_key};
  const std::string body_hash = HashOf(request);
  FlowReply reply;
  if (!idempotency_key.empty()) {
    TUTTI_ASSIGN_OR_RETURN(const auto entry, FindIdempotent(work, options, key, body_hash));
    if (entry.has_value()) {
      if (!reply.ready.emplace().ParseFromString(entry->response.value_or(""))) {
        return absl::DataLossError("the stored answer of an idempotency key can't be read");
      }
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

absl::StatusOr<FlowReply> Replace(Work& work, const Principal& principal, const v1::Flow& wish) {
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

void Core::CreateFlow(const Principal& principal, const v1::CreateFlowRequest& request,
                      const std::string& idempotency_key, Done<v1::Flow> done) {
  absl::Status status = Check(impl_->registry, request.flow());
  if (status.ok()) status = CheckIdempotencyKey(idempotency_key);
  if (!status.ok()) return done(status);
  impl_->RunReply<FlowRecord, v1::Flow>(
      [options = impl_->options, principal, request, idempotency_key](Work& work, Rules&) {
        return Create(work, options, principal, request, idempotency_key);
      },
      std::move(done));
}

absl::StatusOr<v1::Flow> Core::GetFlow(const Principal& principal, const std::string& id) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", id));
  v1::Flow flow;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(const FlowRecord record, Find(tx, principal, id));
    flow = Show(record);
    return absl::OkStatus();
  }));
  return flow;
}

absl::StatusOr<v1::ListFlowsResponse> Core::ListFlows(const Principal& principal, const v1::ListFlowsRequest& request) {
  TUTTI_ASSIGN_OR_RETURN(const int size, CheckPageSize(request.page_size()));
  const std::string scope = absl::StrCat("flows/", principal.customer_id);
  TUTTI_ASSIGN_OR_RETURN(const PageStart start, OpenPageToken(*impl_->signer, scope, request.page_token()));
  v1::ListFlowsResponse response;
  TUTTI_RETURN_IF_ERROR(impl_->Read([&](Transaction& tx) -> absl::Status {
    TUTTI_ASSIGN_OR_RETURN(auto records, tx.flows.List(principal.customer_id, start, size + 1));
    FillPage(*impl_->signer, scope, records, size, response);
    return absl::OkStatus();
  }));
  return response;
}

void Core::ReplaceFlow(const Principal& principal, const v1::ReplaceFlowRequest& request, Done<v1::Flow> done) {
  absl::Status status = CheckId("id", request.flow().id());
  if (status.ok()) status = Check(impl_->registry, request.flow());
  if (!status.ok()) return done(status);
  impl_->RunReply<FlowRecord, v1::Flow>(
      [principal, request](Work& work, Rules&) { return Replace(work, principal, request.flow()); }, std::move(done));
}

void Core::DeleteFlow(const Principal& principal, const std::string& id, Done<v1::Flow> done) {
  if (absl::Status status = CheckId("id", id); !status.ok()) return done(status);
  impl_->RunReply<FlowRecord, v1::Flow>(
      [principal, id](Work& work, Rules&) -> absl::StatusOr<FlowReply> {
        TUTTI_ASSIGN_OR_RETURN(const FlowRecord record, Find(work.tx(), principal, id));
        TUTTI_RETURN_IF_ERROR(work.tx().flows.Delete(id));
        work.Emit("flow_deleted", record.flow());
        return FlowReply{nullptr, record.flow()};
      },
      std::move(done));
}

}  // namespace tutti::control
