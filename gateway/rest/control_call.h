#ifndef GATEWAY_REST_CONTROL_CALL_H_
#define GATEWAY_REST_CONTROL_CALL_H_

#include <string>

#include "absl/status/status.h"
#include "common/id/id.h"
#include "gateway/http/http.h"
#include "grpcpp/client_context.h"

// What every call of the control plane that an HTTP request makes has in common.
namespace tutti::gateway {

// Control is the one to judge them: they go on as they came. False: they can't be
// metadata of gRPC.
bool AddCredentials(const Request& request, grpc::ClientContext& context);

// The request's id and its trace, which goes on. The trace's id.
std::string AddTrace(const Request& request, IdGenerator& ids, grpc::ClientContext& context);

// What control says goes to the client; what gRPC says of itself, its addresses
// and inner errors, does not.
absl::Status ForClient(const absl::Status& status);

}  // namespace tutti::gateway

#endif  // GATEWAY_REST_CONTROL_CALL_H_
