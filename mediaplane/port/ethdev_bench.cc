// An echo of 172-byte packets over an in-memory device, a burst of 32 to 32
// legs: what parsing, demux and headers cost beside the bare bursts.

#include <benchmark/benchmark.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "mediaplane/port/address.h"
#include "mediaplane/port/eal.h"
#include "mediaplane/port/ethdev.h"

namespace tutti::mediaplane {
namespace {

constexpr unsigned kBurst = 32;
constexpr unsigned kBytes = 172;
constexpr MacAddress kPeerMac = {2, 0, 0, 0, 0, 9};

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
  std::abort();
}

rte_mempool* Pool() {
  static rte_mempool* const pool = [] {
    const unsigned packets = PacketsFor(1, 1024);
    OrDie(Eal::Start({.memory_mb = 2 * MemoryMbFor(packets)})).release();
    return OrDie(CreatePacketPool("bench", packets)).release();
  }();
  return pool;
}

// A device whose two rings the benchmark holds at the other end.
struct Setup {
  explicit Setup(unsigned legs_max) {
    Pool();
    static int number = 0;
    const std::string name = "bench" + std::to_string(number++);
    to_us = rte_ring_create((name + "in").c_str(), 1024, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
    from_us = rte_ring_create((name + "out").c_str(), 1024, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
    port_id = static_cast<uint16_t>(rte_eth_from_rings(name.c_str(), &to_us, 1, &from_us, 1, 0));
    char device[RTE_ETH_NAME_MAX_LEN];
    rte_eth_dev_get_name_by_port(port_id, device);
    EthdevOptions options;
    options.device = device;
    options.addresses = {{.ip = *ParseSocketAddress("198.18.0.1", 0), .prefix_bits = 15}};
    options.first_port = 1024;
    options.last_port = 65535;
    options.legs_max = legs_max;
    options.pool = Pool();
    endpoints = OrDie(EthdevEndpoints::Create(options));
    for (LegSlot leg = 0; leg < legs_max; ++leg) {
      legs.push_back(OrDie(endpoints->Open(leg, peer, true)));
      endpoints->port(0).Attach(legs.back(), 0);
    }
    uint8_t arp[kArpFrameBytesMax];
    const size_t bytes = WriteArp(true, kPeerMac, peer, kBroadcastMac, options.addresses[0].ip, 0, arp);
    rte_mbuf* frame = rte_pktmbuf_alloc(Pool());
    std::memcpy(rte_pktmbuf_append(frame, static_cast<uint16_t>(bytes)), arp, bytes);
    rte_ring_enqueue(to_us, frame);
    rte_mbuf* none[kBurst];
    endpoints->port(0).Receive(0, none);
    void* answer = nullptr;
    if (rte_ring_dequeue(from_us, &answer) == 0) rte_pktmbuf_free(static_cast<rte_mbuf*>(answer));
  }

  // A datagram to that leg, ready to be sent again and again.
  rte_mbuf* FrameFor(LegSlot leg) {
    rte_mbuf* frame = rte_pktmbuf_alloc(Pool());
    std::memset(rte_pktmbuf_append(frame, kBytes), 0x55, kBytes);
    rte_pktmbuf_prepend(frame, static_cast<uint16_t>(UdpHeadersBytes(true, 0)));
    UdpRoute route;
    route.source_mac = kPeerMac;
    route.source = peer;
    route.destination = legs[leg].rtp;
    WriteUdpHeaders(route, {rte_pktmbuf_mtod(frame, uint8_t*), frame->data_len});
    return frame;
  }

  const SocketAddress peer = *ParseSocketAddress("198.18.0.9", 40000);
  rte_ring* to_us;
  rte_ring* from_us;
  uint16_t port_id;
  std::unique_ptr<EthdevEndpoints> endpoints;
  std::vector<Endpoint> legs;
};

void BM_PortEcho(benchmark::State& state) {
  const auto legs = static_cast<unsigned>(state.range(0));
  Setup setup(legs);
  Port& port = setup.endpoints->port(0);
  std::array<rte_mbuf*, kBurst> frames, packets;
  for (unsigned i = 0; i < kBurst; ++i) frames[i] = setup.FrameFor(i * 7919 % legs);
  for (auto _ : state) {
    rte_ring_enqueue_bulk(setup.to_us, reinterpret_cast<void**>(frames.data()), kBurst, nullptr);
    const unsigned got = port.Receive(0, packets);
    port.Send({packets.data(), got});
    // They come back with source and destination swapped: turn them round.
    if (rte_ring_dequeue_bulk(setup.from_us, reinterpret_cast<void**>(frames.data()), kBurst, nullptr) != kBurst) {
      state.SkipWithError("a packet is missing");
      break;
    }
    for (rte_mbuf* frame : frames) {
      auto* bytes = rte_pktmbuf_mtod(frame, uint8_t*);
      std::swap_ranges(bytes + 26, bytes + 30, bytes + 30);
      std::swap_ranges(bytes + 34, bytes + 36, bytes + 36);
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kBurst);
}
BENCHMARK(BM_PortEcho)->ArgName("legs")->Arg(32)->Arg(30000);

void BM_BareBursts(benchmark::State& state) {
  Setup setup(kBurst);
  std::array<rte_mbuf*, kBurst> frames;
  for (unsigned i = 0; i < kBurst; ++i) frames[i] = setup.FrameFor(i);
  for (auto _ : state) {
    rte_ring_enqueue_bulk(setup.to_us, reinterpret_cast<void**>(frames.data()), kBurst, nullptr);
    const uint16_t got = rte_eth_rx_burst(setup.port_id, 0, frames.data(), kBurst);
    benchmark::DoNotOptimize(rte_eth_tx_burst(setup.port_id, 0, frames.data(), got));
    rte_ring_dequeue_bulk(setup.from_us, reinterpret_cast<void**>(frames.data()), kBurst, nullptr);
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kBurst);
}
BENCHMARK(BM_BareBursts);

}  // namespace
}  // namespace tutti::mediaplane

BENCHMARK_MAIN();
