#include "control/service/conferencecall_service.h"

#include "control/service/reply.h"
#include "control/service/request.h"

namespace tutti::control {

using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

Reactor* ConferencecallService::ListConferencecalls(Context* context, const v1::ListConferencecallsRequest* request,
                                                    v1::ListConferencecallsResponse* response) {
  return AnswerFrom<v1::ListConferencecallsResponse>(authenticator_, *context, reads_, response,
                                                     [this, request = *request](const Principal& principal) {
                                                       auto list = conferencecalls_.List(principal, request);
                                                       if (list.ok()) {
                                                         for (v1::Conferencecall& shown : *list->mutable_result())
                                                           shown.set_talking(is_talking_(shown.id()));
                                                       }
                                                       return list;
                                                     });
}

Reactor* ConferencecallService::GetConferencecall(Context* context, const v1::GetConferencecallRequest* request,
                                                  v1::Conferencecall* response) {
  return AnswerFrom<v1::Conferencecall>(authenticator_, *context, reads_, response,
                                        [this, id = request->id()](const Principal& principal) {
                                          auto shown = conferencecalls_.Get(principal, id);
                                          if (shown.ok()) shown->set_talking(is_talking_(id));
                                          return shown;
                                        });
}

Done<v1::Conferencecall> ConferencecallService::Shown(Done<v1::Conferencecall> done) const {
  return [this, done = std::move(done)](absl::StatusOr<v1::Conferencecall> shown) {
    if (shown.ok()) shown->set_talking(is_talking_(shown->id()));
    done(std::move(shown));
  };
}

Reactor* ConferencecallService::UpdateConferencecall(Context* context, const v1::UpdateConferencecallRequest* request,
                                                     v1::Conferencecall* response) {
  return AnswerLater(authenticator_, *context, response,
                     [&](const Principal& principal, Done<v1::Conferencecall> done) {
                       conferencecalls_.Update(principal, *request, Shown(std::move(done)));
                     });
}

Reactor* ConferencecallService::MoveConferencecall(Context* context, const v1::MoveConferencecallRequest* request,
                                                   v1::Conferencecall* response) {
  return AnswerLater(authenticator_, *context, response,
                     [&](const Principal& principal, Done<v1::Conferencecall> done) {
                       conferencecalls_.Move(principal, *request, std::move(done));
                     });
}

Reactor* ConferencecallService::DeleteConferencecall(Context* context, const v1::DeleteConferencecallRequest* request,
                                                     v1::Conferencecall* response) {
  return AnswerLater(authenticator_, *context, response,
                     [&](const Principal& principal, Done<v1::Conferencecall> done) {
                       conferencecalls_.Delete(principal, request->id(), Shown(std::move(done)));
                     });
}

Reactor* ConferencecallService::PlayConferencecall(Context* context, const v1::PlayConferencecallRequest* request,
                                                   v1::Conferencecall* response) {
  return AnswerLater(authenticator_, *context, response,
                     [&](const Principal& principal, Done<v1::Conferencecall> done) {
                       announcer_.Play(principal, *request, Shown(std::move(done)));
                     });
}

Reactor* ConferencecallService::TalkConferencecall(Context* context, const v1::TalkConferencecallRequest* request,
                                                   v1::Conferencecall* response) {
  return AnswerLater(authenticator_, *context, response,
                     [&](const Principal& principal, Done<v1::Conferencecall> done) {
                       announcer_.Talk(principal, *request, Shown(std::move(done)));
                     });
}

Reactor* ConferencecallService::StopPlayConferencecall(Context* context,
                                                       const v1::StopPlayConferencecallRequest* request,
                                                       v1::Conferencecall* response) {
  return AnswerLater(authenticator_, *context, response,
                     [&](const Principal& principal, Done<v1::Conferencecall> done) {
                       announcer_.Stop(principal, *request, Shown(std::move(done)));
                     });
}

}  // namespace tutti::control
