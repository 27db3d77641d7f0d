#ifndef MEDIAPLANE_PORT_PORT_H_
#define MEDIAPLANE_PORT_PORT_H_

#include <rte_mbuf.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tutti::mediaplane {

// An IP address and a UDP port. IPv4 as ::ffff:a.b.c.d. POD, compared bytewise.
struct SocketAddress {
  std::array<uint8_t, 16> ip = {};
  uint16_t port = 0;  // host order

  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
};

// Which leg an endpoint belongs to: a slot of the node's leg pool.
using LegSlot = uint32_t;
constexpr LegSlot kNoLegSlot = UINT32_MAX;

class AudioLine;

// A leg's pair of local UDP ports (one with rtcp-mux). Made by Endpoints::Open
// on the control thread; POD, so that it goes through rings to whichever worker
// owns the leg.
struct Endpoint {
  LegSlot leg = kNoLegSlot;
  SocketAddress rtp;
  SocketAddress rtcp;  // equals rtp with rtcp-mux
  int rtp_fd = -1;     // kernel UDP only
  int rtcp_fd = -1;    // kernel UDP only; -1 with rtcp-mux
  // Instead of ports: mediaplane/stream. Outlives its attachments.
  AudioLine* line = nullptr;
};

// Written in front of every datagram's mbuf, in its private area
// (rte_mbuf_to_priv). The mbuf's data is the UDP payload.
struct PacketMeta {
  SocketAddress remote;    // rx: sender; tx: destination
  int64_t arrival_ns = 0;  // rx: monotonic clock
  LegSlot leg = kNoLegSlot;
  bool rtcp = false;  // rx: came in on the RTCP port; tx: goes out from it
};

inline PacketMeta& Meta(rte_mbuf* packet) { return *static_cast<PacketMeta*>(rte_mbuf_to_priv(packet)); }

// The private area and data room of every mbuf of the media pools. Headroom is
// DPDK's own 128 bytes, enough for Ethernet, VLAN, IPv6 and UDP headers.
constexpr uint16_t kPacketPrivateBytes = sizeof(PacketMeta);
constexpr uint16_t kPacketDataBytesMax = 2048;

// Why a port dropped a datagram. One counter each, by worker.
enum class PortDrop : uint8_t {
  kNotIp,
  kIpMalformed,
  kIpFragment,
  kIpChecksum,
  kNotUdp,
  kUdpMalformed,
  kUdpChecksum,
  kUnknownEndpoint,
  kTooLong,
  kForwardRingFull,
  kNoMbuf,
  kSendFailed,
  kNoNeighbour,
  kCount,
};

std::string_view PortDropName(PortDrop drop);

// Counters of one worker's port: written by the worker alone, read by anybody.
struct PortCounters {
  std::atomic<uint64_t> packets_received = 0;
  std::atomic<uint64_t> packets_sent = 0;
  std::array<std::atomic<uint64_t>, static_cast<size_t>(PortDrop::kCount)> drops = {};
};

// One worker's way to the network. Every method but the constructor is called
// on that worker's thread; none allocates, locks, logs or throws, and the only
// system calls are the kernel-UDP port's batched receives and sends.
class Port {
 public:
  virtual ~Port() = default;

  // From now on this worker receives for the endpoint; `phase` is the tick phase
  // of its leg. Attaching a leg again moves it to another phase.
  virtual void Attach(const Endpoint& endpoint, unsigned phase) = 0;

  // The worker no longer receives for it. The endpoint stays open (its socket
  // keeps what arrives) for the worker that attaches it next.
  virtual void Detach(LegSlot leg) = 0;

  // Fills `packets` with datagrams of legs attached here, Meta() set; the caller
  // owns the mbufs. Kernel UDP: drains the sockets of `phase`, and is called
  // until it returns less than asked. ethdev: polls the queue; `phase` is unused.
  virtual unsigned Receive(unsigned phase, std::span<rte_mbuf*> packets) = 0;

  // Sends every packet from Meta().leg's endpoint to Meta().remote and takes
  // ownership of the mbufs. What can't be sent is counted and freed.
  virtual void Send(std::span<rte_mbuf*> packets) = 0;

  virtual const PortCounters& counters() const = 0;
};

// The node's local addresses and their ports, for all workers. Used on the
// control thread only.
class Endpoints {
 public:
  virtual ~Endpoints() = default;

  // An even RTP port with the next for RTCP, or one port with `rtcp_mux`; on a
  // local address that can reach `remote`. A port that can't be bound is
  // skipped and counted. RESOURCE_EXHAUSTED when none is left.
  virtual absl::StatusOr<Endpoint> Open(LegSlot leg, const SocketAddress& remote, bool rtcp_mux) = 0;

  // Frees the ports. The endpoint must be detached from every worker.
  virtual void Close(const Endpoint& endpoint) = 0;

  // The port of worker `worker`, 0 … workers - 1; owned here.
  virtual Port& port(unsigned worker) = 0;

  // Ports that could not be bound since the start.
  virtual uint64_t ports_skipped() const = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_PORT_PORT_H_
