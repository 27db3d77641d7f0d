#ifndef CONTROL_SERVICE_CONFERENCECALL_SERVICE_H_
#define CONTROL_SERVICE_CONFERENCECALL_SERVICE_H_

#include <functional>
#include <string>
#include <utility>

#include "control/core/conferencecalls.h"
#include "control/service/announcer.h"
#include "control/service/authenticator.h"
#include "control/service/read_pool.h"
#include "tutti/control/v1/conferencecall.grpc.pb.h"

namespace tutti::control {

// tutti.control.v1.ConferencecallService over the core.
class ConferencecallService final : public v1::ConferencecallService::CallbackService {
 public:
  // LiveHub::IsTalking; thread-safe.
  using IsTalking = std::function<bool(const std::string& conferencecall_id)>;

  // All outlive the server.
  ConferencecallService(Conferencecalls& conferencecalls, ReadPool& reads, const Authenticator& authenticator,
                        IsTalking is_talking, Announcer& announcer)
      : conferencecalls_(conferencecalls),
        reads_(reads),
        authenticator_(authenticator),
        is_talking_(std::move(is_talking)),
        announcer_(announcer) {}

  grpc::ServerUnaryReactor* ListConferencecalls(grpc::CallbackServerContext* context,
                                                const v1::ListConferencecallsRequest* request,
                                                v1::ListConferencecallsResponse* response) override;
  grpc::ServerUnaryReactor* GetConferencecall(grpc::CallbackServerContext* context,
                                              const v1::GetConferencecallRequest* request,
                                              v1::Conferencecall* response) override;
  grpc::ServerUnaryReactor* UpdateConferencecall(grpc::CallbackServerContext* context,
                                                 const v1::UpdateConferencecallRequest* request,
                                                 v1::Conferencecall* response) override;
  grpc::ServerUnaryReactor* MoveConferencecall(grpc::CallbackServerContext* context,
                                               const v1::MoveConferencecallRequest* request,
                                               v1::Conferencecall* response) override;
  grpc::ServerUnaryReactor* DeleteConferencecall(grpc::CallbackServerContext* context,
                                                 const v1::DeleteConferencecallRequest* request,
                                                 v1::Conferencecall* response) override;
  grpc::ServerUnaryReactor* PlayConferencecall(grpc::CallbackServerContext* context,
                                               const v1::PlayConferencecallRequest* request,
                                               v1::Conferencecall* response) override;
  grpc::ServerUnaryReactor* TalkConferencecall(grpc::CallbackServerContext* context,
                                               const v1::TalkConferencecallRequest* request,
                                               v1::Conferencecall* response) override;
  grpc::ServerUnaryReactor* StopPlayConferencecall(grpc::CallbackServerContext* context,
                                                   const v1::StopPlayConferencecallRequest* request,
                                                   v1::Conferencecall* response) override;

 private:
  // With what is known of it now.
  Done<v1::Conferencecall> Shown(Done<v1::Conferencecall> done) const;

  Conferencecalls& conferencecalls_;
  ReadPool& reads_;
  const Authenticator& authenticator_;
  const IsTalking is_talking_;
  Announcer& announcer_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_CONFERENCECALL_SERVICE_H_
