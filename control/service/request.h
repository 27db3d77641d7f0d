#ifndef CONTROL_SERVICE_REQUEST_H_
#define CONTROL_SERVICE_REQUEST_H_

#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"

namespace tutti::control {

// The metadata `idempotency-key`; empty: none. INVALID_ARGUMENT unless it is
// 1–128 printable ASCII characters, once.
absl::StatusOr<std::string> GetIdempotencyKey(const grpc::CallbackServerContext& context);

// What a request is known by in the logs of all who had it; empty where its client
// named none.
struct RequestIds {
  // The metadata `x-request-id`.
  std::string request_id;
  // Of the metadata `traceparent`.
  std::string trace_id;
  // All of it, as it is to be carried on.
  std::string traceparent;
};
RequestIds ReadRequestIds(const grpc::CallbackServerContext& context);

// Says so where it is control that has failed, and not the client. `answer` is the
// type of what was asked for.
void LogFailure(const RequestIds& ids, const std::string& answer, const absl::Status& status);

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_REQUEST_H_
