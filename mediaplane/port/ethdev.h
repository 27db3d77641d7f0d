#ifndef MEDIAPLANE_PORT_ETHDEV_H_
#define MEDIAPLANE_PORT_ETHDEV_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mediaplane/port/ethdev_link.h"
#include "mediaplane/port/ethdev_port.h"
#include "mediaplane/port/port.h"
#include "mediaplane/port/port_allocator.h"

namespace tutti::mediaplane {

struct EthdevOptions {
  // DPDK's name of the device ("net_af_packet0", "0000:03:00.0"); empty: the
  // only one there is.
  std::string device = {};
  // Our IPv4 addresses on the link; IPv6 is refused. No kernel knows them: ARP
  // and ping for them are answered here.
  std::vector<LocalPrefix> addresses = {};
  // Where to send what is on no link of `addresses`; it is on one itself.
  std::optional<SocketAddress> gateway = {};
  VlanId vlan = 0;  // 802.1Q tag, 1-4094; 0: untagged
  uint16_t first_port = 10000;
  uint16_t last_port = 29999;
  uint64_t port_start = 0;  // where to begin in that range; random in production
  unsigned workers = 1;
  unsigned legs_max = 4000;
  unsigned descriptors = 1024;  // of each queue; the device may round it
  rte_mempool* pool = nullptr;  // not owned
  PortClock clock = SystemPortClock;
};

// A device of DPDK, of any driver. Each worker has its own queue pair where the
// device has as many; else the first ones forward to the others by rings.
class EthdevEndpoints final : public Endpoints {
 public:
  // Configures and starts the device.
  static absl::StatusOr<std::unique_ptr<EthdevEndpoints>> Create(const EthdevOptions& options);

  // Stops and closes it. No worker may use its port any more.
  ~EthdevEndpoints() override;

  absl::StatusOr<Endpoint> Open(LegSlot leg, const SocketAddress& remote, bool rtcp_mux) override;
  void Close(const Endpoint& endpoint) override;
  EthdevPort& port(unsigned worker) override { return *ports_[worker]; }
  uint64_t ports_skipped() const override { return 0; }

  const MacAddress& mac() const { return link_.mac; }

 private:
  explicit EthdevEndpoints(const EthdevOptions& options) : options_(options) {}
  absl::Status CheckAddresses();
  absl::Status StartDevice();
  absl::Status CreateRings();

  EthdevOptions options_;
  EthdevLink link_;
  bool started_ = false;
  std::vector<PortAllocator> allocators_;  // by address
  std::vector<std::unique_ptr<EthdevPort>> ports_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_PORT_ETHDEV_H_
