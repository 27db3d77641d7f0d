#ifndef MEDIAPLANE_PORT_ETHDEV_LINK_H_
#define MEDIAPLANE_PORT_ETHDEV_LINK_H_

#include <rte_ring.h>

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "mediaplane/port/address.h"
#include "mediaplane/port/headers.h"
#include "mediaplane/port/port_clock.h"

namespace tutti::mediaplane {

struct LocalPrefix {
  SocketAddress ip;
  unsigned prefix_bits = 24;  // of the link that it is on, 0-32
};

bool IsOnLink(const LocalPrefix& local, const SocketAddress& ip);

// A UDP port of ours, as a received packet asks for it.
struct DemuxEntry {
  LegSlot leg = kNoLegSlot;  // kNoLegSlot: nobody's
  bool rtcp = false;
};

// (local address, local port) → leg → worker. The control thread writes the
// first step (Open, Close), the owning worker the second (Attach, Detach); every
// worker reads both for each packet. Entries are independent of one another, so
// relaxed atomics do: whoever reads too early finds no owner yet.
class DemuxTable {
 public:
  static constexpr uint16_t kNoWorker = UINT16_MAX;

  DemuxTable(size_t addresses, unsigned legs_max);

  void Set(size_t address, uint16_t port, const DemuxEntry& entry);
  void Clear(size_t address, uint16_t port);
  DemuxEntry Find(size_t address, uint16_t port) const {
    const uint64_t entry = ports_[address << 16 | port].load(std::memory_order_relaxed);
    return {.leg = static_cast<LegSlot>(entry), .rtcp = (entry >> 32 & 1) != 0};
  }

  void SetOwner(LegSlot leg, uint16_t worker) { owners_[leg].store(worker, std::memory_order_relaxed); }
  uint16_t Owner(LegSlot leg) const { return owners_[leg].load(std::memory_order_relaxed); }
  unsigned legs_max() const { return static_cast<unsigned>(owners_.size()); }

 private:
  std::vector<std::atomic<uint64_t>> ports_;
  std::vector<std::atomic<uint16_t>> owners_;
};

struct RingDeleter {
  void operator()(rte_ring* ring) const { rte_ring_free(ring); }
};
using RingPtr = std::unique_ptr<rte_ring, RingDeleter>;

// What all workers of one device share. Made once, then only read, but for
// `demux` and the rings.
struct EthdevLink {
  uint16_t port_id = 0;
  uint16_t rx_queues = 0;  // worker w < rx_queues polls queue w
  uint16_t tx_queues = 0;  // worker w < tx_queues sends on queue w, others through w % tx_queues
  uint16_t mtu = 1500;     // bytes of an IP packet
  MacAddress mac = {};
  VlanId vlan = 0;
  std::vector<LocalPrefix> addresses;
  std::optional<SocketAddress> gateway;
  rte_mempool* pool = nullptr;  // not owned
  PortClock clock = SystemPortClock;
  std::unique_ptr<DemuxTable> demux;
  // By worker: packets and neighbour news that another worker received for it,
  // and frames that it sends for workers without a queue. Many producers, one
  // consumer.
  std::vector<RingPtr> forward;
  std::vector<RingPtr> transmit;

  // Index in `addresses`; -1 when the address is not ours.
  int AddressIndex(const SocketAddress& ip) const {
    for (size_t i = 0; i < addresses.size(); ++i) {
      if (SameIp(addresses[i].ip, ip)) return static_cast<int>(i);
    }
    return -1;
  }
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_PORT_ETHDEV_LINK_H_
