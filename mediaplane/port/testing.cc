#include "mediaplane/port/testing.h"

#include <rte_mempool.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "mediaplane/port/eal.h"

namespace tutti::mediaplane {

rte_mempool* TestPool() {
  struct Dpdk {
    std::unique_ptr<Eal> eal;
    PacketPool pool;
  };
  // Never freed, and always in reach, so that no leak checker minds.
  static const Dpdk* const dpdk = [] {
    const unsigned packets = PacketsFor(/*workers=*/2, /*descriptors_per_worker=*/1024);
    auto eal = Eal::Start({.memory_mb = 2 * MemoryMbFor(packets)});
    auto created = eal.ok() ? CreatePacketPool("test", packets) : eal.status();
    if (!created.ok()) {
      std::fprintf(stderr, "%s\n", created.status().ToString().c_str());
      std::abort();
    }
    return new Dpdk{*std::move(eal), *std::move(created)};
  }();
  return dpdk->pool.get();
}

unsigned TestPacketsInUse() { return rte_mempool_in_use_count(TestPool()); }

rte_mbuf* TestPacket(std::string_view payload) {
  rte_mbuf* packet = rte_pktmbuf_alloc(TestPool());
  std::memcpy(rte_pktmbuf_append(packet, static_cast<uint16_t>(payload.size())), payload.data(), payload.size());
  Meta(packet) = PacketMeta();
  return packet;
}

std::string_view Payload(const rte_mbuf* packet) {
  return {rte_pktmbuf_mtod(packet, const char*), rte_pktmbuf_data_len(packet)};
}

}  // namespace tutti::mediaplane
