#ifndef CONTROL_SERVICE_CALL_SERVICE_H_
#define CONTROL_SERVICE_CALL_SERVICE_H_

#include <map>
#include <string>

#include "control/core/calls.h"
#include "control/media/node_client.h"
#include "control/service/authenticator.h"
#include "control/service/read_pool.h"
#include "tutti/control/v1/call.grpc.pb.h"

namespace tutti::control {

// tutti.control.v1.CallService over the core: reads the SDP of requests, and
// asks the media node for the statistics of a call that goes on.
class CallService final : public v1::CallService::CallbackService {
 public:
  // Everything outlives the server; the nodes by their id.
  CallService(Calls& calls, ReadPool& reads, const Authenticator& authenticator,
              std::map<std::string, NodeClient*> nodes)
      : calls_(calls), reads_(reads), authenticator_(authenticator), nodes_(std::move(nodes)) {}

  grpc::ServerUnaryReactor* CreateCall(grpc::CallbackServerContext* context, const v1::CreateCallRequest* request,
                                       v1::Call* response) override;
  grpc::ServerUnaryReactor* ListCalls(grpc::CallbackServerContext* context, const v1::ListCallsRequest* request,
                                      v1::ListCallsResponse* response) override;
  grpc::ServerUnaryReactor* GetCall(grpc::CallbackServerContext* context, const v1::GetCallRequest* request,
                                    v1::Call* response) override;
  grpc::ServerUnaryReactor* DeleteCall(grpc::CallbackServerContext* context, const v1::DeleteCallRequest* request,
                                       v1::Call* response) override;
  grpc::ServerUnaryReactor* ReofferCall(grpc::CallbackServerContext* context, const v1::ReofferCallRequest* request,
                                        v1::Call* response) override;
  grpc::ServerUnaryReactor* HangupCall(grpc::CallbackServerContext* context, const v1::HangupCallRequest* request,
                                       v1::Call* response) override;
  grpc::ServerUnaryReactor* HoldCall(grpc::CallbackServerContext* context, const v1::HoldCallRequest* request,
                                     v1::Call* response) override;
  grpc::ServerUnaryReactor* UnholdCall(grpc::CallbackServerContext* context, const v1::UnholdCallRequest* request,
                                       v1::Call* response) override;
  grpc::ServerUnaryReactor* MuteCall(grpc::CallbackServerContext* context, const v1::MuteCallRequest* request,
                                     v1::Call* response) override;
  grpc::ServerUnaryReactor* UnmuteCall(grpc::CallbackServerContext* context, const v1::UnmuteCallRequest* request,
                                       v1::Call* response) override;

 private:
  // On a thread of the pool.
  void ReadCall(const Principal& principal, const std::string& id, const Done<v1::Call>& done);

  Calls& calls_;
  ReadPool& reads_;
  const Authenticator& authenticator_;
  const std::map<std::string, NodeClient*> nodes_;
};

// For Core: our answer as SDP. Its o= line comes from the call's id, so one
// version is the same however often it is written.
absl::StatusOr<std::string> WriteSdpAnswer(const media::v1::MediaDescription& answer, const std::string& call_id,
                                           int64_t version);

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_CALL_SERVICE_H_
