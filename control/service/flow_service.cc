#include "control/service/flow_service.h"

#include "control/service/reply.h"
#include "control/service/request.h"

namespace tutti::control {

using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

Reactor* FlowService::CreateFlow(Context* context, const v1::CreateFlowRequest* request, v1::Flow* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Flow> done) {
    const auto key = GetIdempotencyKey(*context);
    if (!key.ok()) return done(key.status());
    flows_.Create(principal, *request, *key, std::move(done));
  });
}

Reactor* FlowService::ListFlows(Context* context, const v1::ListFlowsRequest* request,
                                v1::ListFlowsResponse* response) {
  return AnswerFrom<v1::ListFlowsResponse>(
      authenticator_, *context, reads_, response,
      [this, request = *request](const Principal& principal) { return flows_.List(principal, request); });
}

Reactor* FlowService::GetFlow(Context* context, const v1::GetFlowRequest* request, v1::Flow* response) {
  return AnswerFrom<v1::Flow>(
      authenticator_, *context, reads_, response,
      [this, id = request->id()](const Principal& principal) { return flows_.Get(principal, id); });
}

Reactor* FlowService::ReplaceFlow(Context* context, const v1::ReplaceFlowRequest* request, v1::Flow* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Flow> done) {
    flows_.Replace(principal, *request, std::move(done));
  });
}

Reactor* FlowService::DeleteFlow(Context* context, const v1::DeleteFlowRequest* request, v1::Flow* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Flow> done) {
    flows_.Delete(principal, request->id(), std::move(done));
  });
}

}  // namespace tutti::control
