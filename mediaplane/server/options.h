#ifndef MEDIAPLANE_SERVER_OPTIONS_H_
#define MEDIAPLANE_SERVER_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mediaplane/negotiation/peer_allow.h"
#include "mediaplane/port/port.h"
#include "tutti/config/v1/config.pb.h"

namespace tutti::mediaplane {

// The configuration of a media node, checked.
struct ServerOptions {
  std::string grpc_listen;
  std::string metrics_listen;
  std::vector<SocketAddress> addresses;
  uint16_t port_first = 0;
  uint16_t port_last = 0;
  PeerAllowList rtp_peer_allow = PeerAllowList::Loopback();
  uint32_t legs_max = 0;
  unsigned workers = 0;
  std::vector<int> worker_cpus;  // one each, -1: any
  absl::Duration drain_timeout;
};

// INVALID_ARGUMENT or FAILED_PRECONDITION with one sentence that names the
// setting.
absl::StatusOr<ServerOptions> MakeServerOptions(const config::v1::Config& config);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_SERVER_OPTIONS_H_
