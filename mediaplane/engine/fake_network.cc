#include "mediaplane/engine/fake_network.h"

#include <rte_mempool.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "common/status/status.h"

namespace tutti::mediaplane {
namespace {

constexpr size_t kSentMax = 65'536;

}  // namespace

class FakeNetwork::FakePort final : public Port {
 public:
  FakePort(FakeNetwork& network, int worker, unsigned phases) : network_(network), worker_(worker), lists_(phases) {
    for (auto& list : lists_) list.reserve(network.sockets_.size());
  }

  void Attach(const Endpoint& endpoint, unsigned phase) override {
    if (network_.polling_) phase = 0;
    Socket& socket = network_.sockets_[endpoint.leg];
    if (!socket.open || (socket.worker != -1 && socket.worker != worker_)) std::abort();
    Detach(endpoint.leg);
    socket.worker = worker_;
    socket.phase = phase;
    lists_[phase].push_back(endpoint.leg);
  }

  void Detach(LegSlot leg) override {
    Socket& socket = network_.sockets_[leg];
    if (socket.worker != worker_) return;
    std::erase(lists_[socket.phase], leg);
    socket.worker = -1;
  }

  unsigned Receive(unsigned phase, std::span<rte_mbuf*> packets) override {
    unsigned count = 0;
    for (LegSlot leg : lists_[phase]) {
      Socket& socket = network_.sockets_[leg];
      unsigned taken = 0;
      while (taken < socket.count && count < packets.size()) packets[count++] = socket.packets[taken++];
      socket.count -= taken;
      std::memmove(socket.packets.data(), socket.packets.data() + taken, socket.count * sizeof(rte_mbuf*));
    }
    counters_.packets_received += count;
    return count;
  }

  void Send(std::span<rte_mbuf*> packets) override {
    for (rte_mbuf* packet : packets) {
      // A worker sends for legs that it has.
      if (network_.sockets_[Meta(packet).leg].worker != worker_) std::abort();
      if (network_.sent_count_ == network_.sent_.size()) std::abort();
      network_.sent_[network_.sent_count_++] = packet;
    }
    counters_.packets_sent += packets.size();
  }

  const PortCounters& counters() const override { return counters_; }

 private:
  FakeNetwork& network_;
  const int worker_;
  std::vector<std::vector<LegSlot>> lists_;  // [phase]
  PortCounters counters_;
};

FakeNetwork::FakeNetwork(unsigned workers, unsigned phases, uint32_t legs_max, rte_mempool* pool, bool polling)
    : pool_(pool), polling_(polling), sockets_(legs_max), sent_(kSentMax) {
  for (unsigned w = 0; w < workers; ++w) {
    ports_.push_back(std::make_unique<FakePort>(*this, static_cast<int>(w), phases));
  }
}

FakeNetwork::~FakeNetwork() {
  rte_pktmbuf_free_bulk(sent_.data(), static_cast<unsigned>(sent_count_));
  for (Socket& socket : sockets_) rte_pktmbuf_free_bulk(socket.packets.data(), socket.count);
}

Port& FakeNetwork::port(unsigned worker) { return *ports_[worker]; }

absl::StatusOr<Endpoint> FakeNetwork::Open(LegSlot leg, const SocketAddress&, bool rtcp_mux) {
  if (exhausted_) return Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY", "no port is left");
  if (sockets_[leg].open) std::abort();
  sockets_[leg].open = true;
  ++open_;
  Endpoint endpoint;
  endpoint.leg = leg;
  endpoint.rtp.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
  endpoint.rtp.port = static_cast<uint16_t>(10'000 + 2 * leg);
  endpoint.rtcp = endpoint.rtp;
  if (!rtcp_mux) ++endpoint.rtcp.port;
  return endpoint;
}

void FakeNetwork::Close(const Endpoint& endpoint) {
  Socket& socket = sockets_[endpoint.leg];
  if (!socket.open || socket.worker != -1) std::abort();
  rte_pktmbuf_free_bulk(socket.packets.data(), socket.count);
  socket = Socket();
  --open_;
}

void FakeNetwork::Deliver(LegSlot leg, const SocketAddress& from, std::span<const uint8_t> bytes, int64_t arrival_ns,
                          bool rtcp) {
  Socket& socket = sockets_[leg];
  if (!socket.open || socket.count == kQueueMax) return;
  rte_mbuf* packet = rte_pktmbuf_alloc(pool_);
  if (packet == nullptr) std::abort();
  char* room = rte_pktmbuf_append(packet, static_cast<uint16_t>(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), room);
  PacketMeta& meta = Meta(packet);
  meta.remote = from;
  meta.arrival_ns = arrival_ns;
  meta.leg = leg;
  meta.rtcp = rtcp;
  socket.packets[socket.count++] = packet;
}

void FakeNetwork::Collect(const std::function<void(const PacketMeta& meta, std::span<const uint8_t> bytes)>& sink) {
  for (size_t i = 0; i < sent_count_; ++i) {
    rte_mbuf* packet = sent_[i];
    sink(Meta(packet), {rte_pktmbuf_mtod(packet, const uint8_t*), rte_pktmbuf_data_len(packet)});
    rte_pktmbuf_free(packet);
  }
  sent_count_ = 0;
}

}  // namespace tutti::mediaplane
