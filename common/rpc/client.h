#ifndef COMMON_RPC_CLIENT_H_
#define COMMON_RPC_CLIENT_H_

#include <memory>
#include <string>

#include "grpcpp/channel.h"

namespace tutti {

// A channel inside the house: reconnects within a second, notices a dead peer
// within 15 s by keepalive, messages up to 4 MiB. Give every unary call a
// deadline.
std::shared_ptr<grpc::Channel> MakeRpcChannel(const std::string& address);

}  // namespace tutti

#endif  // COMMON_RPC_CLIENT_H_
