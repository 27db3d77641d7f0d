#include "mediaplane/port/ethdev_port.h"

#include <rte_ethdev.h>

#include <algorithm>

#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

std::span<uint8_t> Bytes(rte_mbuf* frame) { return {rte_pktmbuf_mtod(frame, uint8_t*), rte_pktmbuf_data_len(frame)}; }

bool ChecksumsVerified(const rte_mbuf* frame) {
  constexpr uint64_t kBoth = RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK;
  return (frame->ol_flags & kBoth) == (RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD);
}

void Add(std::atomic<uint64_t>& counter, uint64_t by) {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace

EthdevPort::EthdevPort(EthdevLink* link, uint16_t worker)
    : link_(*link), worker_(worker), legs_(link->demux->legs_max()) {}

EthdevPort::~EthdevPort() {
  rte_pktmbuf_free_bulk(parked_.data(), parked_count_);
  rte_pktmbuf_free_bulk(outgoing_.data(), outgoing_count_);
}

void EthdevPort::Attach(const Endpoint& endpoint, unsigned /*phase*/) {
  const int address = link_.AddressIndex(endpoint.rtp);
  if (endpoint.leg >= legs_.size() || address < 0) return;
  legs_[endpoint.leg] = {.rtp = endpoint.rtp, .rtcp = endpoint.rtcp, .address = address, .attached = true};
  link_.demux->SetOwner(endpoint.leg, worker_);
}

void EthdevPort::Detach(LegSlot leg) {
  if (leg >= legs_.size() || !legs_[leg].attached) return;
  legs_[leg].attached = false;
  link_.demux->SetOwner(leg, DemuxTable::kNoWorker);
}

unsigned EthdevPort::Receive(unsigned /*phase*/, std::span<rte_mbuf*> packets) {
  now_ns_ = link_.clock().monotonic_ns;
  FlushForOthers();
  unsigned filled = RetryParked(packets);

  rte_mbuf* burst[kBurst];
  void* forwarded[kBurst];
  unsigned wanted = std::min<unsigned>(kBurst, static_cast<unsigned>(packets.size()) - filled);
  unsigned got = rte_ring_sc_dequeue_burst(link_.forward[worker_].get(), forwarded, wanted, nullptr);
  for (unsigned i = 0; i < got; ++i) {
    auto* packet = static_cast<rte_mbuf*>(forwarded[i]);
    if (HandleForwarded(packet)) packets[filled++] = packet;
  }
  if (worker_ < link_.rx_queues && filled < packets.size()) {
    wanted = std::min<unsigned>(kBurst, static_cast<unsigned>(packets.size()) - filled);
    got = rte_eth_rx_burst(link_.port_id, worker_, burst, static_cast<uint16_t>(wanted));
    for (unsigned i = 0; i < got; ++i) rte_prefetch0(rte_pktmbuf_mtod(burst[i], void*));
    for (unsigned i = 0; i < got; ++i) {
      if (HandleFrame(burst[i])) packets[filled++] = burst[i];
    }
  }
  Flush();
  if (filled > 0) Add(counters_.packets_received, filled);
  return filled;
}

bool EthdevPort::HandleFrame(rte_mbuf* frame) {
  if (frame->nb_segs != 1) {
    Drop(frame, PortDrop::kTooLong);
    return false;
  }
  const Frame parsed = ParseFrame(Bytes(frame), link_.vlan, ChecksumsVerified(frame));
  switch (parsed.kind) {
    case FrameKind::kUdp:
      return HandleUdp(frame, parsed);
    case FrameKind::kArp:
      HandleArp(frame, parsed.arp);
      return false;
    case FrameKind::kIcmpEchoRequest:
      if (link_.AddressIndex(parsed.destination) < 0) {
        Drop(frame, PortDrop::kUnknownEndpoint);
      } else {
        TurnIntoEchoReply(parsed, link_.mac, Bytes(frame));
        frame->ol_flags = 0;
        Queue(frame);
      }
      return false;
    case FrameKind::kDrop:
      break;
  }
  Drop(frame, parsed.drop);
  return false;
}

bool EthdevPort::HandleUdp(rte_mbuf* frame, const Frame& parsed) {
  const int address = link_.AddressIndex(parsed.destination);
  const DemuxEntry entry =
      address < 0 ? DemuxEntry() : link_.demux->Find(static_cast<size_t>(address), parsed.destination.port);
  if (entry.leg == kNoLegSlot) {
    Drop(frame, PortDrop::kUnknownEndpoint);
    return false;
  }
  if (parsed.payload_bytes > kPacketDataBytesMax) {
    Drop(frame, PortDrop::kTooLong);
    return false;
  }
  rte_pktmbuf_adj(frame, parsed.payload_offset);
  rte_pktmbuf_trim(frame, static_cast<uint16_t>(frame->data_len - parsed.payload_bytes));
  PacketMeta& meta = Meta(frame);
  meta.remote = parsed.source;
  meta.arrival_ns = now_ns_;
  meta.leg = entry.leg;
  meta.rtcp = entry.rtcp;
  return Deliver(frame);
}

bool EthdevPort::Deliver(rte_mbuf* packet) {
  const PacketMeta& meta = Meta(packet);
  const uint16_t owner = link_.demux->Owner(meta.leg);
  if (owner == worker_) return true;
  if (owner == DemuxTable::kNoWorker) {
    if (parked_count_ == kParkedMax) {
      Drop(packet, PortDrop::kForwardRingFull);
    } else {
      parked_[parked_count_++] = packet;
    }
    return false;
  }
  if (rte_ring_mp_enqueue(link_.forward[owner].get(), packet) != 0) Drop(packet, PortDrop::kForwardRingFull);
  return false;
}

bool EthdevPort::HandleForwarded(rte_mbuf* packet) {
  // Its leg may have moved on while it was in the ring.
  if (Meta(packet).leg != kNoLegSlot) return Deliver(packet);
  const Frame parsed = ParseFrame(Bytes(packet), link_.vlan, false);
  if (parsed.kind == FrameKind::kArp) LearnFrom(parsed.arp);
  rte_pktmbuf_free(packet);
  return false;
}

unsigned EthdevPort::RetryParked(std::span<rte_mbuf*> packets) {
  unsigned filled = 0;
  const unsigned count = parked_count_;
  parked_count_ = 0;
  // Deliver() parks again, below the place that is read.
  for (unsigned i = 0; i < count; ++i) {
    rte_mbuf* packet = parked_[i];
    if (filled == packets.size()) {
      parked_[parked_count_++] = packet;
    } else if (now_ns_ - Meta(packet).arrival_ns > kParkedNs) {
      Drop(packet, PortDrop::kUnknownEndpoint);
    } else if (Deliver(packet)) {
      packets[filled++] = packet;
    }
  }
  return filled;
}

void EthdevPort::LearnFrom(const ArpMessage& arp) {
  constexpr uint8_t kGroupBit = 1;
  if ((arp.sender_mac[0] & kGroupBit) != 0 || IsUnspecified(arp.sender) || link_.AddressIndex(arp.sender) >= 0) return;
  const bool on_link = std::any_of(link_.addresses.begin(), link_.addresses.end(),
                                   [&](const LocalPrefix& local) { return IsOnLink(local, arp.sender); });
  // One that asks for us will be sent to soon; of others we keep what we use.
  if (on_link) neighbours_.Learn(arp.sender, arp.sender_mac, link_.AddressIndex(arp.target) >= 0, now_ns_);
}

void EthdevPort::HandleArp(rte_mbuf* frame, const ArpMessage& arp) {
  LearnFrom(arp);
  if (arp.request && link_.AddressIndex(arp.target) >= 0) {
    SendArp(/*request=*/false, arp.target, arp.sender_mac, arp.sender);
  }
  TellOtherWorkers(frame);
  rte_pktmbuf_free(frame);
}

void EthdevPort::TellOtherWorkers(rte_mbuf* frame) {
  for (size_t other = 0; other < link_.forward.size(); ++other) {
    if (other == worker_) continue;
    rte_mbuf* copy = rte_pktmbuf_copy(frame, link_.pool, 0, UINT32_MAX);
    if (copy == nullptr) {
      Add(counters_.drops[static_cast<size_t>(PortDrop::kNoMbuf)], 1);
      continue;
    }
    Meta(copy) = PacketMeta();
    if (rte_ring_mp_enqueue(link_.forward[other].get(), copy) != 0) Drop(copy, PortDrop::kForwardRingFull);
  }
}

void EthdevPort::SendArp(bool request, const SocketAddress& source, const MacAddress& target_mac,
                         const SocketAddress& target) {
  rte_mbuf* frame = rte_pktmbuf_alloc(link_.pool);
  if (frame == nullptr) return Add(counters_.drops[static_cast<size_t>(PortDrop::kNoMbuf)], 1);
  auto* bytes = reinterpret_cast<uint8_t*>(rte_pktmbuf_append(frame, kArpFrameBytesMax));
  const size_t written = WriteArp(request, link_.mac, source, target_mac, target, link_.vlan,
                                  std::span<uint8_t, kArpFrameBytesMax>(bytes, kArpFrameBytesMax));
  rte_pktmbuf_trim(frame, static_cast<uint16_t>(kArpFrameBytesMax - written));
  Queue(frame);
}

bool EthdevPort::PrepareToSend(rte_mbuf* packet) {
  const PacketMeta& meta = Meta(packet);
  PortDrop drop = PortDrop::kSendFailed;
  if (meta.leg >= legs_.size() || !legs_[meta.leg].attached) {
    drop = PortDrop::kUnknownEndpoint;
  } else if (packet->nb_segs != 1 || packet->pkt_len + 28u > link_.mtu) {
    drop = PortDrop::kTooLong;
  } else if (IsIpv4(meta.remote) && meta.remote.port != 0) {
    const Leg& leg = legs_[meta.leg];
    const LocalPrefix& local = link_.addresses[leg.address];
    const bool on_link = IsOnLink(local, meta.remote);
    drop = PortDrop::kNoNeighbour;
    if (on_link || link_.gateway.has_value()) {
      const SocketAddress& next_hop = on_link ? meta.remote : *link_.gateway;
      const Neighbours::Answer answer = neighbours_.Find(next_hop, now_ns_);
      if (answer.ask) SendArp(true, local.ip, answer.mac != nullptr ? *answer.mac : kBroadcastMac, next_hop);
      if (answer.mac != nullptr) {
        const UdpRoute route = {.source_mac = link_.mac,
                                .next_hop_mac = *answer.mac,
                                .vlan = link_.vlan,
                                .source = meta.rtcp ? leg.rtcp : leg.rtp,
                                .destination = meta.remote};
        if (rte_pktmbuf_prepend(packet, static_cast<uint16_t>(UdpHeadersBytes(true, link_.vlan))) != nullptr) {
          WriteUdpHeaders(route, Bytes(packet));
          return true;
        }
        drop = PortDrop::kTooLong;
      }
    }
  }
  Drop(packet, drop);
  return false;
}

void EthdevPort::Send(std::span<rte_mbuf*> packets) {
  now_ns_ = link_.clock().monotonic_ns;
  for (rte_mbuf* packet : packets) {
    if (PrepareToSend(packet)) Queue(packet);
  }
  Flush();
}

void EthdevPort::Queue(rte_mbuf* frame) {
  if (outgoing_count_ == kBurst) Flush();
  outgoing_[outgoing_count_++] = frame;
}

unsigned EthdevPort::Transmit(rte_mbuf** frames, unsigned count) {
  unsigned sent = 0;
  // A second try gives a device the time to take back what it has sent.
  for (int attempt = 0; attempt < 2 && sent < count; ++attempt) {
    sent += rte_eth_tx_burst(link_.port_id, worker_, frames + sent, static_cast<uint16_t>(count - sent));
  }
  for (unsigned i = sent; i < count; ++i) Drop(frames[i], PortDrop::kSendFailed);
  return sent;
}

void EthdevPort::Flush() {
  if (outgoing_count_ == 0) return;
  unsigned sent = 0;
  if (worker_ < link_.tx_queues) {
    sent = Transmit(outgoing_.data(), outgoing_count_);
  } else {
    rte_ring* ring = link_.transmit[worker_ % link_.tx_queues].get();
    sent = rte_ring_mp_enqueue_burst(ring, reinterpret_cast<void**>(outgoing_.data()), outgoing_count_, nullptr);
    for (unsigned i = sent; i < outgoing_count_; ++i) Drop(outgoing_[i], PortDrop::kForwardRingFull);
  }
  outgoing_count_ = 0;
  Add(counters_.packets_sent, sent);
}

void EthdevPort::FlushForOthers() {
  if (worker_ >= link_.tx_queues) return;
  rte_mbuf* frames[kBurst];
  unsigned got = kBurst;
  while (got == kBurst) {
    got = rte_ring_sc_dequeue_burst(link_.transmit[worker_].get(), reinterpret_cast<void**>(frames), kBurst, nullptr);
    Transmit(frames, got);
  }
}

void EthdevPort::Drop(rte_mbuf* packet, PortDrop drop) {
  Add(counters_.drops[static_cast<size_t>(drop)], 1);
  rte_pktmbuf_free(packet);
}

}  // namespace tutti::mediaplane
