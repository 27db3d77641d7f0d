#ifndef CONTROL_SERVICE_REQUEST_H_
#define CONTROL_SERVICE_REQUEST_H_

#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"

namespace tutti::control {

// The metadata `idempotency-key`; empty: none. INVALID_ARGUMENT unless it is
// 1–128 printable ASCII characters, once.
absl::StatusOr<std::string> GetIdempotencyKey(const grpc::CallbackServerContext& context);

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_REQUEST_H_
