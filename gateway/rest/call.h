#ifndef GATEWAY_REST_CALL_H_
#define GATEWAY_REST_CALL_H_

#include <memory>
#include <string>

#include "gateway/http/http.h"
#include "gateway/rest/route_table.h"
#include "google/protobuf/message.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"

namespace tutti::gateway {

// One request of REST as a call of gRPC.
struct RestCall {
  const Route* route;
  std::string request_id;
  std::string trace_id;
  Reply reply;
  grpc::ClientContext context;
  std::unique_ptr<google::protobuf::Message> request;
  // What is answered, or a piece of it.
  std::unique_ptr<google::protobuf::Message> response;
};

// The JSON error of a call that failed. What control says goes to the client; what
// gRPC says of itself, its addresses and inner errors, goes to the log alone.
Response FailureOf(const RestCall& call, const grpc::Status& status);

}  // namespace tutti::gateway

#endif  // GATEWAY_REST_CALL_H_
