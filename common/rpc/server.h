#ifndef COMMON_RPC_SERVER_H_
#define COMMON_RPC_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/metrics/metrics.h"
#include "common/tls/tls.h"
#include "grpcpp/server.h"

namespace tutti {

struct RpcServerOptions {
  // "127.0.0.1:50051"; port 0 takes a free one.
  std::string listen;
  // Not owned; each outlives the server.
  std::vector<grpc::Service*> services;
  // Where the RED figures of every method go; outlives the server.
  Metrics* metrics = nullptr;
  // Null: plain text. Otherwise TLS 1.2 or later with its certificate.
  std::shared_ptr<const Tls> tls = nullptr;
  // With TLS: clients have to show a certificate of tls->ca, too.
  bool client_certificates = false;
};

struct RpcServer {
  std::unique_ptr<grpc::Server> server;
  // The port that it listens on.
  int port = 0;
};

// A gRPC server with reflection, the standard health service (serving), no
// sharing of its port, keepalive, messages up to 4 MiB, and the metrics
// tutti_rpc_requests_total{method,code}, tutti_rpc_duration_seconds{method} and
// tutti_rpc_in_flight{method}. UNAVAILABLE with one sentence when the port is
// taken or not allowed.
absl::StatusOr<RpcServer> StartRpcServer(const RpcServerOptions& options);

}  // namespace tutti

#endif  // COMMON_RPC_SERVER_H_
