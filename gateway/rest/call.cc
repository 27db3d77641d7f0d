#include "gateway/rest/call.h"

#include "common/log/log.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "gateway/http/error_response.h"

namespace tutti::gateway {
namespace {

absl::Status ForClient(const absl::Status& status) {
  if (!GetErrorDetail(status).reason.empty()) return status;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return Error(status.code(), "CONTROL_UNAVAILABLE", "The control plane can't be reached; try again.");
    case absl::StatusCode::kDeadlineExceeded:
      return Error(status.code(), "DEADLINE_EXCEEDED",
                   "The control plane didn't answer in time; the request may have taken effect or not.");
    case absl::StatusCode::kUnimplemented:
      return Error(status.code(), "UNIMPLEMENTED", "The control plane doesn't have this method.");
    case absl::StatusCode::kResourceExhausted:
      return Error(status.code(), "RESOURCE_EXHAUSTED", "The control plane takes no more; try again.");
    default:
      return Error(absl::StatusCode::kInternal, "INTERNAL", "Something went wrong inside; the log has the details.");
  }
}

}  // namespace

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
