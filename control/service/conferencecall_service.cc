#include "control/service/conferencecall_service.h"

#include "control/service/reply.h"
#include "control/service/request.h"

namespace tutti::control {

using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

Reactor* ConferencecallService::ListConferencecalls(Context* context, const v1::ListConferencecallsRequest* request,
                                                    v1::ListConferencecallsResponse* response) {
  return AnswerFrom<v1::ListConferencecallsResponse>(reads_, response,
                                                     [this, principal = GetPrincipal(*context), request = *request] {
                                                       return core_.ListConferencecalls(principal, request);
                                                     });
}

Reactor* ConferencecallService::GetConferencecall(Context* context, const v1::GetConferencecallRequest* request,
                                                  v1::Conferencecall* response) {
  return AnswerFrom<v1::Conferencecall>(reads_, response,
                                        [this, principal = GetPrincipal(*context), id = request->id()] {
                                          return core_.GetConferencecall(principal, id);
                                        });
}

Reactor* ConferencecallService::DeleteConferencecall(Context* context, const v1::DeleteConferencecallRequest* request,
                                                     v1::Conferencecall* response) {
  return AnswerLater(response, [&](Core::Done<v1::Conferencecall> done) {
    core_.DeleteConferencecall(GetPrincipal(*context), request->id(), std::move(done));
  });
}

}  // namespace tutti::control
