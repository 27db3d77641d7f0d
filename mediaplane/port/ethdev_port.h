#ifndef MEDIAPLANE_PORT_ETHDEV_PORT_H_
#define MEDIAPLANE_PORT_ETHDEV_PORT_H_

#include <array>
#include <vector>

#include "mediaplane/port/ethdev_link.h"
#include "mediaplane/port/neighbours.h"
#include "mediaplane/port/port.h"

namespace tutti::mediaplane {

// One worker's part of a device: its queue, what others forward to it, and all
// that a kernel would do around UDP. See Port for the threads.
class EthdevPort final : public Port {
 public:
  // `link` outlives it.
  EthdevPort(EthdevLink* link, uint16_t worker);
  ~EthdevPort() override;

  void Attach(const Endpoint& endpoint, unsigned phase) override;
  void Detach(LegSlot leg) override;
  unsigned Receive(unsigned phase, std::span<rte_mbuf*> packets) override;
  void Send(std::span<rte_mbuf*> packets) override;
  const PortCounters& counters() const override { return counters_; }

 private:
  static constexpr unsigned kBurst = 32;
  // Packets of legs that are between two workers wait here, so that a leg that
  // moves loses none. A node that forgets a leg keeps them no longer than this.
  static constexpr unsigned kParkedMax = 256;
  static constexpr int64_t kParkedNs = 100'000'000;

  struct Leg {
    SocketAddress rtp;
    SocketAddress rtcp;
    int address = 0;  // index of EthdevLink::addresses
    bool attached = false;
  };

  // Each takes the mbuf; true when it is for this worker's caller to have.
  bool HandleFrame(rte_mbuf* frame);
  bool HandleUdp(rte_mbuf* frame, const Frame& parsed);
  bool Deliver(rte_mbuf* packet);
  bool HandleForwarded(rte_mbuf* packet);

  void HandleArp(rte_mbuf* frame, const ArpMessage& arp);
  void LearnFrom(const ArpMessage& arp);
  void TellOtherWorkers(rte_mbuf* frame);
  void SendArp(bool request, const SocketAddress& source, const MacAddress& target_mac, const SocketAddress& target);
  unsigned RetryParked(std::span<rte_mbuf*> packets);
  bool PrepareToSend(rte_mbuf* packet);
  void Queue(rte_mbuf* frame);
  void Flush();
  void FlushForOthers();
  unsigned Transmit(rte_mbuf** frames, unsigned count);
  void Drop(rte_mbuf* packet, PortDrop drop);

  EthdevLink& link_;
  const uint16_t worker_;
  int64_t now_ns_ = 0;  // of this Receive or Send
  std::vector<Leg> legs_;
  Neighbours neighbours_;

  std::array<rte_mbuf*, kBurst> outgoing_ = {};
  unsigned outgoing_count_ = 0;
  std::array<rte_mbuf*, kParkedMax> parked_ = {};
  unsigned parked_count_ = 0;
  PortCounters counters_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_PORT_ETHDEV_PORT_H_
