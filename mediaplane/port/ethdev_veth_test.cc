// The ethdev port over net_af_packet on one end of a veth pair, with the
// kernel's own UDP on the other: the kernel's ARP, checksums and routing judge
// what we write. In a network namespace of its own.

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "common/testing/veth.h"
#include "gtest/gtest.h"
#include "mediaplane/port/eal.h"
#include "mediaplane/port/ethdev.h"
#include "mediaplane/port/testing.h"

namespace tutti::mediaplane {
namespace {

// The kernel delivers within a millisecond; this is for a machine that hangs.
constexpr auto kDeadline = std::chrono::seconds(20);

TEST(EthdevVethTest, EchoesToAKernelPeer) {
  ASSERT_TRUE(MakeVethPair());
  const unsigned packets = PacketsFor(1, 1024);
  auto eal = Eal::Start({.memory_mb = MemoryMbFor(packets),
                         .vdevs = {"net_af_packet0,iface=media0,blocksz=65536,framesz=2048,framecnt=2048"}});
  ASSERT_TRUE(eal.ok()) << eal.status();
  auto pool = CreatePacketPool("veth", packets);
  ASSERT_TRUE(pool.ok()) << pool.status();
  EthdevOptions options;
  options.addresses = {{.ip = Address("198.18.0.1", 0), .prefix_bits = 24}};
  options.legs_max = 4;
  options.pool = pool->get();
  auto endpoints = EthdevEndpoints::Create(options);
  ASSERT_TRUE(endpoints.ok()) << endpoints.status();
  Port& port = (*endpoints)->port(0);

  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  const SocketAddress peer = Address("198.18.0.2", 40000);
  sockaddr_storage storage;
  socklen_t bytes = ToSockaddr(peer, &storage);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&storage), bytes), 0);
  const Endpoint leg = *(*endpoints)->Open(0, peer, true);
  port.Attach(leg, 0);
  bytes = ToSockaddr(leg.rtp, &storage);
  ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&storage), bytes), 0);

  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  const auto in_time = [&] { return std::chrono::steady_clock::now() < deadline; };
  char buffer[2048];
  const auto echo_round = [&] {
    rte_mbuf* burst[32];
    const unsigned got = port.Receive(0, burst);
    port.Send({burst, got});
  };

  // We begin, so it is we who ask for the neighbour's address.
  uint64_t tries = 0;
  ssize_t got = -1;
  while (got < 0 && in_time()) {
    rte_mbuf* packet = rte_pktmbuf_alloc(pool->get());
    rte_pktmbuf_append(packet, 172);
    Meta(packet).leg = 0;
    Meta(packet).remote = peer;
    Meta(packet).rtcp = false;
    port.Send({&packet, 1});
    ++tries;
    echo_round();
    got = recv(fd, buffer, sizeof(buffer), 0);
  }
  ASSERT_EQ(got, 172) << "nothing came after " << tries << " packets";
  EXPECT_GE(Drops(port, PortDrop::kNoNeighbour), 1u);
  while (recv(fd, buffer, sizeof(buffer), 0) >= 0) {
  }

  // The kernel's packets come back whole, whatever their length. Only the
  // packets that it sent at the start may still be on their way to it.
  for (int size = 12; size <= 1472; size += 20) {
    const std::string sent(size, static_cast<char>('a' + size % 26));
    ASSERT_EQ(send(fd, sent.data(), sent.size(), 0), size);
    got = -1;
    while (got != size && in_time()) {
      echo_round();
      got = recv(fd, buffer, sizeof(buffer), 0);
    }
    ASSERT_EQ(got, size);
    EXPECT_EQ(std::string(buffer, size), sent);
  }
  for (const PortDrop drop : {PortDrop::kIpChecksum, PortDrop::kUdpChecksum, PortDrop::kSendFailed}) {
    EXPECT_EQ(Drops(port, drop), 0u) << PortDropName(drop);
  }
  close(fd);
  endpoints->reset();
}

}  // namespace
}  // namespace tutti::mediaplane
