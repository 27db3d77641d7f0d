#include "mediaplane/port/kernel_udp_port.h"

#include <errno.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

// What the kernel says on a socket after an ICMP message came for it.
bool IsIcmpError(int error) {
  return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH || error == EPROTO ||
         error == EHOSTDOWN || error == ENOPROTOOPT;
}

}  // namespace

KernelUdpPort::KernelUdpPort(const Options& options)
    : options_(options), phases_(options.phases), legs_(options.legs_max) {
  for (Phase& phase : phases_) phase.legs.reserve(options.legs_max);
  for (unsigned i = 0; i < kStash; ++i) {
    msghdr& header = headers_[i].msg_hdr;
    header.msg_name = &slots_[i].remote;
    header.msg_iov = &slots_[i].data;
    header.msg_iovlen = 1;
    if (options.kernel_timestamps) header.msg_control = slots_[i].control.data();
  }
}

KernelUdpPort::~KernelUdpPort() {
  for (unsigned i = stash_next_; i < stash_end_; ++i) rte_pktmbuf_free(stash_[i]);
}

void KernelUdpPort::Attach(const Endpoint& endpoint, unsigned phase) {
  if (endpoint.leg >= legs_.size() || phase >= phases_.size()) return;
  Detach(endpoint.leg);
  Phase& to = phases_[phase];
  legs_[endpoint.leg] = {.rtp_fd = endpoint.rtp_fd,
                         .rtcp_fd = endpoint.rtcp_fd,
                         .ipv4 = IsIpv4(endpoint.rtp),
                         .attached = true,
                         .phase = phase,
                         .index = static_cast<unsigned>(to.legs.size())};
  to.legs.push_back({.rtp_fd = endpoint.rtp_fd, .rtcp_fd = endpoint.rtcp_fd, .leg = endpoint.leg});
}

void KernelUdpPort::Detach(LegSlot slot) {
  if (slot >= legs_.size() || !legs_[slot].attached) return;
  Leg& leg = legs_[slot];
  Phase& phase = phases_[leg.phase];
  // A leg that moves below the cursor misses the rest of a round that is under
  // way; its packets wait in the socket for the next.
  phase.legs[leg.index] = phase.legs.back();
  legs_[phase.legs[leg.index].leg].index = leg.index;
  phase.legs.pop_back();
  leg = Leg();
}

void KernelUdpPort::Arm(unsigned slot) {
  slots_[slot].data = {.iov_base = rte_pktmbuf_mtod(stash_[slot], void*), .iov_len = kPacketDataBytesMax};
  msghdr& header = headers_[slot].msg_hdr;
  header.msg_namelen = sizeof(slots_[slot].remote);
  header.msg_controllen = options_.kernel_timestamps ? sizeof(slots_[slot].control) : 0;
  header.msg_flags = 0;
}

void KernelUdpPort::Refill() {
  const unsigned left = stash_end_ - stash_next_;
  std::copy_n(stash_.begin() + stash_next_, left, stash_.begin());
  stash_next_ = 0;
  stash_end_ = left;
  if (rte_pktmbuf_alloc_bulk(options_.pool, stash_.data() + left, kStash - left) == 0) {
    stash_end_ = kStash;
  } else {
    Count(PortDrop::kNoMbuf);
  }
  for (unsigned i = 0; i < stash_end_; ++i) Arm(i);
}

int64_t KernelUdpPort::ArrivalNs(msghdr* header) const {
  for (cmsghdr* part = CMSG_FIRSTHDR(header); part != nullptr; part = CMSG_NXTHDR(header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec at;
    std::memcpy(&at, CMSG_DATA(part), sizeof(at));
    const int64_t age_ns = now_.real_ns - (at.tv_sec * 1'000'000'000 + at.tv_nsec);
    // Real time may step; a packet is never from the future or from long ago.
    if (age_ns > 0 && age_ns < 10'000'000'000) return now_.monotonic_ns - age_ns;
  }
  return now_.monotonic_ns;
}

unsigned KernelUdpPort::ReceiveFrom(int fd, LegSlot leg, bool rtcp, std::span<rte_mbuf*> packets, bool* drained) {
  *drained = true;
  if (stash_end_ - stash_next_ < kSocketBatch) Refill();
  const unsigned first = stash_next_;
  const unsigned wanted = std::min({kSocketBatch, stash_end_ - first, static_cast<unsigned>(packets.size())});
  if (wanted == 0) return 0;
  int got = recvmmsg(fd, headers_.data() + first, wanted, MSG_DONTWAIT, nullptr);
  if (got < 0 && IsIcmpError(errno)) {
    icmp_errors_.fetch_add(1, std::memory_order_relaxed);
    got = recvmmsg(fd, headers_.data() + first, wanted, MSG_DONTWAIT, nullptr);
  }
  if (got <= 0) return 0;
  *drained = static_cast<unsigned>(got) < wanted;
  stash_next_ += got;
  unsigned filled = 0;
  for (unsigned i = first; i < stash_next_; ++i) {
    rte_mbuf* packet = stash_[i];
    msghdr& header = headers_[i].msg_hdr;
    if ((header.msg_flags & MSG_TRUNC) != 0) {
      Count(PortDrop::kTooLong);
      rte_pktmbuf_free(packet);
      continue;
    }
    packet->data_len = static_cast<uint16_t>(headers_[i].msg_len);
    packet->pkt_len = headers_[i].msg_len;
    PacketMeta& meta = Meta(packet);
    meta.remote = FromSockaddr(slots_[i].remote);
    meta.arrival_ns = options_.kernel_timestamps ? ArrivalNs(&header) : now_.monotonic_ns;
    meta.leg = leg;
    meta.rtcp = rtcp;
    packets[filled++] = packet;
  }
  return filled;
}

unsigned KernelUdpPort::Receive(unsigned phase_index, std::span<rte_mbuf*> packets) {
  if (phase_index >= phases_.size() || packets.empty()) return 0;
  Phase& phase = phases_[phase_index];
  now_ = options_.clock();
  unsigned filled = 0;
  while (phase.cursor < phase.legs.size()) {
    const Drained& leg = phase.legs[phase.cursor];
    while (!phase.leg_rtp_drained && phase.leg_packets < kLegRoundMax) {
      if (filled == packets.size()) break;
      const unsigned got =
          ReceiveFrom(leg.rtp_fd, leg.leg, /*rtcp=*/false, packets.subspan(filled), &phase.leg_rtp_drained);
      filled += got;
      phase.leg_packets += std::max(got, 1u);
    }
    if (filled == packets.size()) break;
    if (leg.rtcp_fd >= 0 && (phase.round + phase.cursor) % kRtcpRounds == 0) {
      bool drained;
      filled += ReceiveFrom(leg.rtcp_fd, leg.leg, /*rtcp=*/true, packets.subspan(filled), &drained);
    }
    ++phase.cursor;
    phase.leg_packets = 0;
    phase.leg_rtp_drained = false;
  }
  if (filled < packets.size()) {
    phase.cursor = 0;
    ++phase.round;
  }
  counters_.packets_received.store(counters_.packets_received.load(std::memory_order_relaxed) + filled,
                                   std::memory_order_relaxed);
  return filled;
}

void KernelUdpPort::SendOne(rte_mbuf* packet) {
  const PacketMeta& meta = Meta(packet);
  if (meta.leg >= legs_.size() || !legs_[meta.leg].attached) return Count(PortDrop::kUnknownEndpoint);
  const Leg& leg = legs_[meta.leg];
  if (packet->nb_segs != 1) return Count(PortDrop::kTooLong);
  if (IsIpv4(meta.remote) != leg.ipv4) return Count(PortDrop::kSendFailed);
  const int fd = meta.rtcp && leg.rtcp_fd >= 0 ? leg.rtcp_fd : leg.rtp_fd;
  sockaddr_storage remote;
  const socklen_t remote_bytes = ToSockaddr(meta.remote, &remote);
  const auto send = [&] {
    return sendto(fd, rte_pktmbuf_mtod(packet, const void*), packet->data_len, MSG_DONTWAIT | MSG_NOSIGNAL,
                  reinterpret_cast<const sockaddr*>(&remote), remote_bytes);
  };
  ssize_t sent = send();
  if (sent < 0 && errno == ECONNREFUSED) {
    // The answer to an earlier packet, reported now and thereby cleared.
    icmp_errors_.fetch_add(1, std::memory_order_relaxed);
    sent = send();
  }
  if (sent < 0) return Count(errno == EMSGSIZE ? PortDrop::kTooLong : PortDrop::kSendFailed);
  counters_.packets_sent.store(counters_.packets_sent.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void KernelUdpPort::Send(std::span<rte_mbuf*> packets) {
  for (rte_mbuf* packet : packets) SendOne(packet);
  rte_pktmbuf_free_bulk(packets.data(), static_cast<unsigned>(packets.size()));
}

void KernelUdpPort::Count(PortDrop drop, uint64_t by) {
  std::atomic<uint64_t>& counter = counters_.drops[static_cast<size_t>(drop)];
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace tutti::mediaplane
