#ifndef COMMON_RPC_CLIENT_H_
#define COMMON_RPC_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/tls/tls.h"
#include "grpcpp/channel.h"

namespace tutti {

// A channel inside the house: reconnects within a second, notices a dead peer
// within 15 s by keepalive, messages up to 4 MiB. Give every unary call a
// deadline. With `tls` the server has to have a certificate of tls->ca for the
// host of `address`, and is shown ours if it asks.
std::shared_ptr<grpc::Channel> MakeRpcChannel(const std::string& address, std::shared_ptr<const Tls> tls = nullptr);

struct ReplicasChannelOptions {
  // Of replicas, any of which serves any call: one HOST:PORT, whose name may
  // stand for many, or several IP:PORT of one kind of IP.
  std::vector<std::string> addresses;
  std::shared_ptr<const Tls> tls = nullptr;
  // "/package.Service/Method" of calls that may be made twice: they are made
  // again elsewhere when a replica dies under them.
  std::vector<std::string> retried_methods = {};
};

// As above, over all replicas in turn, but those that can't be reached. A call
// that has not left this process goes to another replica; one that was on its way
// when its replica died is UNAVAILABLE unless it is of `retried_methods`. With
// TLS each replica's certificate is for one of `addresses`. INVALID_ARGUMENT with
// one sentence where `addresses` are not as said there.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeReplicasChannel(const ReplicasChannelOptions& options);

}  // namespace tutti

#endif  // COMMON_RPC_CLIENT_H_
