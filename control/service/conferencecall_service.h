#ifndef CONTROL_SERVICE_CONFERENCECALL_SERVICE_H_
#define CONTROL_SERVICE_CONFERENCECALL_SERVICE_H_

#include "control/core/core.h"
#include "control/service/read_pool.h"
#include "tutti/control/v1/conferencecall.grpc.pb.h"

namespace tutti::control {

// tutti.control.v1.ConferencecallService over the core.
class ConferencecallService final : public v1::ConferencecallService::CallbackService {
 public:
  // Both outlive the server.
  ConferencecallService(Core& core, ReadPool& reads) : core_(core), reads_(reads) {}

  grpc::ServerUnaryReactor* ListConferencecalls(grpc::CallbackServerContext* context,
                                                const v1::ListConferencecallsRequest* request,
                                                v1::ListConferencecallsResponse* response) override;
  grpc::ServerUnaryReactor* GetConferencecall(grpc::CallbackServerContext* context,
                                              const v1::GetConferencecallRequest* request,
                                              v1::Conferencecall* response) override;
  grpc::ServerUnaryReactor* DeleteConferencecall(grpc::CallbackServerContext* context,
                                                 const v1::DeleteConferencecallRequest* request,
                                                 v1::Conferencecall* response) override;

 private:
  Core& core_;
  ReadPool& reads_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_CONFERENCECALL_SERVICE_H_
