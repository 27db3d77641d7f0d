#ifndef MEDIAPLANE_ENGINE_FAKE_NETWORK_H_
#define MEDIAPLANE_ENGINE_FAKE_NETWORK_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "mediaplane/port/port.h"

namespace tutti::mediaplane {

// The network in memory, for tests on one thread: every leg has a socket that
// keeps what was delivered until its worker's port takes it, and what workers
// send is kept until it is collected. As a real port, it takes no memory after
// its construction. Polling, it is as an ethdev: phases mean nothing to it.
class FakeNetwork final : public Endpoints {
 public:
  FakeNetwork(unsigned workers, unsigned phases, uint32_t legs_max, rte_mempool* pool, bool polling = false);
  ~FakeNetwork() override;

  absl::StatusOr<Endpoint> Open(LegSlot leg, const SocketAddress& remote, bool rtcp_mux) override;
  void Close(const Endpoint& endpoint) override;
  Port& port(unsigned worker) override;
  uint64_t ports_skipped() const override { return 0; }

  // A datagram from `from` arrives at the leg's socket.
  void Deliver(LegSlot leg, const SocketAddress& from, std::span<const uint8_t> bytes, int64_t arrival_ns,
               bool rtcp = false);

  // What was sent since the last call, in order.
  void Collect(const std::function<void(const PacketMeta& meta, std::span<const uint8_t> bytes)>& sink);

  // Endpoints open now.
  unsigned open() const { return open_; }
  // The worker that receives for the leg, -1: none.
  int worker_of(LegSlot leg) const { return sockets_[leg].worker; }
  // No port can be opened from now on.
  void RunOutOfPorts() { exhausted_ = true; }

 private:
  class FakePort;
  static constexpr size_t kQueueMax = 64;

  struct Socket {
    bool open = false;
    int worker = -1;
    unsigned phase = 0;
    unsigned count = 0;
    std::array<rte_mbuf*, kQueueMax> packets;
  };

  rte_mempool* const pool_;
  const bool polling_;
  std::vector<Socket> sockets_;  // [leg]
  std::vector<std::unique_ptr<FakePort>> ports_;
  std::vector<rte_mbuf*> sent_;
  size_t sent_count_ = 0;
  unsigned open_ = 0;
  bool exhausted_ = false;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_FAKE_NETWORK_H_
