#ifndef MEDIAPLANE_SERVER_OPTIONS_H_
#define MEDIAPLANE_SERVER_OPTIONS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/tls/tls.h"
#include "mediaplane/negotiation/peer_allow.h"
#include "mediaplane/port/ethdev_link.h"
#include "mediaplane/port/port.h"
#include "tutti/config/v1/config.pb.h"

namespace tutti::mediaplane {

// The configuration of a media node, checked.
struct ServerOptions {
  std::string grpc_listen;
  std::string metrics_listen;
  // Null: plain text. Else control and we verify each other.
  std::shared_ptr<const Tls> tls;
  // Of the speech server's gRPC API.
  std::string speech_address;
  // Of the kernel, or of the device.
  std::vector<SocketAddress> addresses;
  uint16_t port_first = 0;
  uint16_t port_last = 0;
  PeerAllowList rtp_peer_allow = PeerAllowList::Loopback();
  uint32_t legs_max = 0;
  uint32_t audio_streams_max = 0;
  unsigned workers = 0;
  std::vector<int> worker_cpus;  // one each, -1: any
  absl::Duration drain_timeout;
  std::string recordings_dir;
  uint32_t recordings_max = 0;
  // config.v1.ObjectStore as text; empty: recordings stay here. Has a secret.
  std::string object_store;

  // A device of DPDK's instead of the kernel's UDP.
  struct Ethdev {
    std::vector<LocalPrefix> addresses;
    std::optional<SocketAddress> gateway;
    std::string device;  // empty: the only one
    std::string vdev;    // empty: none is made
    uint16_t vlan = 0;
    bool pci = false;
    bool hugepages = false;
  };
  std::optional<Ethdev> ethdev;
};

// INVALID_ARGUMENT or FAILED_PRECONDITION with one sentence that names the
// setting.
absl::StatusOr<ServerOptions> MakeServerOptions(const config::v1::Config& config);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_SERVER_OPTIONS_H_
