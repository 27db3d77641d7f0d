#ifndef CONTROL_SERVICE_FLOW_SERVICE_H_
#define CONTROL_SERVICE_FLOW_SERVICE_H_

#include "control/core/flows.h"
#include "control/service/authenticator.h"
#include "control/service/read_pool.h"
#include "tutti/control/v1/flow.grpc.pb.h"

namespace tutti::control {

// tutti.control.v1.FlowService over the core.
class FlowService final : public v1::FlowService::CallbackService {
 public:
  // All outlive the server.
  FlowService(Flows& flows, ReadPool& reads, const Authenticator& authenticator)
      : flows_(flows), reads_(reads), authenticator_(authenticator) {}

  grpc::ServerUnaryReactor* CreateFlow(grpc::CallbackServerContext* context, const v1::CreateFlowRequest* request,
                                       v1::Flow* response) override;
  grpc::ServerUnaryReactor* ListFlows(grpc::CallbackServerContext* context, const v1::ListFlowsRequest* request,
                                      v1::ListFlowsResponse* response) override;
  grpc::ServerUnaryReactor* GetFlow(grpc::CallbackServerContext* context, const v1::GetFlowRequest* request,
                                    v1::Flow* response) override;
  grpc::ServerUnaryReactor* ReplaceFlow(grpc::CallbackServerContext* context, const v1::ReplaceFlowRequest* request,
                                        v1::Flow* response) override;
  grpc::ServerUnaryReactor* DeleteFlow(grpc::CallbackServerContext* context, const v1::DeleteFlowRequest* request,
                                       v1::Flow* response) override;

 private:
  Flows& flows_;
  ReadPool& reads_;
  const Authenticator& authenticator_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_FLOW_SERVICE_H_
