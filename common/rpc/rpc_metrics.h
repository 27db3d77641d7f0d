#ifndef COMMON_RPC_RPC_METRICS_H_
#define COMMON_RPC_RPC_METRICS_H_

#include <memory>

#include "common/metrics/metrics.h"
#include "grpcpp/support/server_interceptor.h"

namespace tutti {

// An interceptor that counts every RPC by method and code, with its duration.
// A stream counts when it ends; only unary calls have a duration.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeRpcMetrics(Metrics& metrics);

}  // namespace tutti

#endif  // COMMON_RPC_RPC_METRICS_H_
