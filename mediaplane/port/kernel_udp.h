#ifndef MEDIAPLANE_PORT_KERNEL_UDP_H_
#define MEDIAPLANE_PORT_KERNEL_UDP_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "mediaplane/port/kernel_udp_port.h"
#include "mediaplane/port/port.h"
#include "mediaplane/port/port_allocator.h"
#include "mediaplane/port/port_clock.h"

namespace tutti::mediaplane {

struct KernelUdpOptions {
  // Where callers reach us; ports are ignored, 0.0.0.0 and :: are refused, for
  // an SDP answer must name an address. The first that reaches a caller and has
  // a free port serves it.
  std::vector<SocketAddress> addresses = {};
  uint16_t first_port = 10000;
  uint16_t last_port = 29999;
  // Where to begin in that range; random in production, so that a node that
  // was restarted does not give old callers' ports to new ones at once.
  uint64_t port_start = 0;
  unsigned workers = 1;
  unsigned phases = 4;
  unsigned legs_max = 4000;
  rte_mempool* pool = nullptr;  // not owned
  // Stamps each packet by the kernel's clock at its arrival; else by the clock
  // at the round that drained it, up to a tick later.
  bool kernel_timestamps = true;
  PortClock clock = SystemPortClock;
};

// Sockets of the kernel: a leg has one or two of its own. Needs no right, no
// hugepage and no NIC.
class KernelUdpEndpoints final : public Endpoints {
 public:
  // Checks every address and the limit of open files (raised to the hard limit
  // when that is needed), and takes all memory that the ports will need.
  static absl::StatusOr<std::unique_ptr<KernelUdpEndpoints>> Create(const KernelUdpOptions& options);

  ~KernelUdpEndpoints() override;

  absl::StatusOr<Endpoint> Open(LegSlot leg, const SocketAddress& remote, bool rtcp_mux) override;
  void Close(const Endpoint& endpoint) override;
  KernelUdpPort& port(unsigned worker) override { return *ports_[worker]; }
  uint64_t ports_skipped() const override { return ports_skipped_; }

 private:
  struct LocalAddress {
    SocketAddress address;
    // Bound to the address, never received from: asks the kernel for routes.
    int probe_fd = -1;
    PortAllocator allocator;
  };

  explicit KernelUdpEndpoints(const KernelUdpOptions& options) : options_(options) {}
  absl::Status AddAddress(const SocketAddress& address);

  KernelUdpOptions options_;
  std::vector<LocalAddress> addresses_;
  std::vector<std::unique_ptr<KernelUdpPort>> ports_;
  uint64_t ports_skipped_ = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_PORT_KERNEL_UDP_H_
