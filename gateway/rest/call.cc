#include "gateway/rest/call.h"

#include "common/log/log.h"
#include "common/status/grpc_status.h"
#include "gateway/http/error_response.h"
#include "gateway/rest/control_call.h"

namespace tutti::gateway {
Response FailureOf(const RestCall& call, const grpc::Status& status) {
  Response response = ErrorResponse(ForClient(FromGrpcStatus(status)), call.request_id);
  response.route = call.route->label;
  if (response.status >= 500) {
    log::Warning("request failed", {{"request_id", call.request_id},
                                    {"trace_id", call.trace_id},
                                    {"method", call.route->grpc_method},
                                    {"status", response.status},
                                    {"error", status.error_message()}});
  }
  return response;
}

}  // namespace tutti::gateway
