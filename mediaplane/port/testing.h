#ifndef MEDIAPLANE_PORT_TESTING_H_
#define MEDIAPLANE_PORT_TESTING_H_

#include <string_view>

#include "mediaplane/port/address.h"
#include "mediaplane/port/port.h"

namespace tutti::mediaplane {

// A pool for the tests of one process: starts DPDK at the first call, with
// ordinary pages, and keeps it to the end of the process.
rte_mempool* TestPool();

// mbufs of TestPool() that somebody holds, mempool caches not counted.
unsigned TestPacketsInUse();

// A packet of TestPool() with that payload, its Meta() zero.
rte_mbuf* TestPacket(std::string_view payload);

std::string_view Payload(const rte_mbuf* packet);

inline SocketAddress Address(std::string_view ip, uint16_t port) { return ParseSocketAddress(ip, port).value(); }

inline uint64_t Drops(const Port& port, PortDrop drop) {
  return port.counters().drops[static_cast<size_t>(drop)].load();
}

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_PORT_TESTING_H_
