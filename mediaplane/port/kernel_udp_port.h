#ifndef MEDIAPLANE_PORT_KERNEL_UDP_PORT_H_
#define MEDIAPLANE_PORT_KERNEL_UDP_PORT_H_

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <vector>

#include "mediaplane/port/port.h"
#include "mediaplane/port/port_clock.h"

namespace tutti::mediaplane {

// One worker's sockets, drained phase by phase. See Port for the threads.
class KernelUdpPort final : public Port {
 public:
  struct Options {
    unsigned phases = 4;
    unsigned legs_max = 0;
    rte_mempool* pool = nullptr;  // not owned
    bool kernel_timestamps = true;
    PortClock clock = SystemPortClock;
  };

  explicit KernelUdpPort(const Options& options);
  ~KernelUdpPort() override;

  void Attach(const Endpoint& endpoint, unsigned phase) override;
  void Detach(LegSlot leg) override;
  unsigned Receive(unsigned phase, std::span<rte_mbuf*> packets) override;
  void Send(std::span<rte_mbuf*> packets) override;
  const PortCounters& counters() const override { return counters_; }

  // ICMP errors that the kernel reported on a socket. They end nothing.
  uint64_t icmp_errors() const { return icmp_errors_.load(std::memory_order_relaxed); }

 private:
  // Datagrams taken from one socket by one call, and at most from one leg in
  // one round: a flood costs its own leg, not the worker's tick.
  static constexpr unsigned kSocketBatch = 8;
  static constexpr unsigned kLegRoundMax = 32;
  static constexpr unsigned kStash = 64;
  // RTCP sockets are drained every so many rounds of their phase (200 ms).
  static constexpr unsigned kRtcpRounds = 10;

  struct Drained {
    int rtp_fd = -1;
    int rtcp_fd = -1;
    LegSlot leg = kNoLegSlot;
  };
  struct Phase {
    std::vector<Drained> legs;  // capacity legs_max from the start
    unsigned cursor = 0;        // next leg of the round
    unsigned leg_packets = 0;   // taken from that leg in this round
    bool leg_rtp_drained = false;
    unsigned round = 0;
  };
  struct Leg {
    int rtp_fd = -1;
    int rtcp_fd = -1;
    bool ipv4 = true;
    bool attached = false;
    unsigned phase = 0;
    unsigned index = 0;  // in Phase::legs
  };
  // What recvmmsg needs for one datagram besides its mbuf.
  struct Slot {
    iovec data = {};
    sockaddr_storage remote = {};
    alignas(cmsghdr) std::array<char, 64> control = {};
  };

  unsigned ReceiveFrom(int fd, LegSlot leg, bool rtcp, std::span<rte_mbuf*> packets, bool* drained);
  void Refill();
  void Arm(unsigned slot);
  int64_t ArrivalNs(msghdr* header) const;
  void SendOne(rte_mbuf* packet);
  void Count(PortDrop drop, uint64_t by = 1);

  const Options options_;
  std::vector<Phase> phases_;
  std::vector<Leg> legs_;

  // mbufs ready to be received into: those from stash_next_ to stash_end_.
  std::array<rte_mbuf*, kStash> stash_ = {};
  std::array<mmsghdr, kStash> headers_ = {};
  std::array<Slot, kStash> slots_ = {};
  unsigned stash_next_ = 0;
  unsigned stash_end_ = 0;

  PortTime now_;  // of this Receive
  PortCounters counters_;
  std::atomic<uint64_t> icmp_errors_ = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_PORT_KERNEL_UDP_PORT_H_
