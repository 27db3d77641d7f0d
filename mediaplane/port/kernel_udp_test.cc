#include "mediaplane/port/kernel_udp.h"

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mediaplane/port/testing.h"

namespace tutti::mediaplane {
namespace {

using ::testing::HasSubstr;

// Far more than any test needs: loopback delivers before sendto() returns.
constexpr int kDeadlineMs = 10'000;

PortTime FixedClock() { return {.monotonic_ns = 1'000'000'000'000, .real_ns = 0}; }

// A caller's socket on loopback.
class Peer {
 public:
  explicit Peer(const char* ip = "127.0.0.1") {
    sockaddr_storage local;
    const socklen_t bytes = ToSockaddr(Address(ip, 0), &local);
    fd_ = socket(local.ss_family, SOCK_DGRAM, 0);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&local), bytes), 0);
    socklen_t length = sizeof(local);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&local), &length);
    address_ = FromSockaddr(local);
  }
  ~Peer() { Close(); }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  void Send(const SocketAddress& to, std::string_view payload) {
    sockaddr_storage remote;
    const socklen_t bytes = ToSockaddr(to, &remote);
    EXPECT_EQ(sendto(fd_, payload.data(), payload.size(), 0, reinterpret_cast<sockaddr*>(&remote), bytes),
              static_cast<ssize_t>(payload.size()));
  }

  std::string Receive(SocketAddress* from = nullptr) {
    pollfd poll_fd = {.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&poll_fd, 1, kDeadlineMs) != 1) return "(nothing)";
    char buffer[4096];
    sockaddr_storage remote;
    socklen_t bytes = sizeof(remote);
    const ssize_t got = recvfrom(fd_, buffer, sizeof(buffer), 0, reinterpret_cast<sockaddr*>(&remote), &bytes);
    if (from != nullptr) *from = FromSockaddr(remote);
    return std::string(buffer, got > 0 ? got : 0);
  }

  const SocketAddress& address() const { return address_; }

 private:
  int fd_ = -1;
  SocketAddress address_;
};

class KernelUdpTest : public ::testing::Test {
 protected:
  void SetUp() override { TestPool(); }

  // Ports of this test alone: others run beside it.
  KernelUdpOptions Options() {
    return {.addresses = {Address("127.0.0.1", 0)},
            .first_port = 20000,
            .last_port = 29999,
            .port_start = static_cast<uint64_t>(getpid()) * 131,
            .phases = 2,
            .legs_max = 16,
            .pool = TestPool(),
            .clock = FixedClock};
  }

  std::unique_ptr<KernelUdpEndpoints> Create(const KernelUdpOptions& options) {
    auto endpoints = KernelUdpEndpoints::Create(options);
    EXPECT_TRUE(endpoints.ok()) << endpoints.status();
    return *std::move(endpoints);
  }

  // One round of a phase: every payload, with the leg that it came to.
  std::vector<std::pair<LegSlot, std::string>> Drain(Port& port, unsigned phase, unsigned batch = 32) {
    std::vector<std::pair<LegSlot, std::string>> all;
    std::vector<rte_mbuf*> packets(batch);
    unsigned got = batch;
    while (got == batch) {
      got = port.Receive(phase, packets);
      for (unsigned i = 0; i < got; ++i) {
        all.emplace_back(Meta(packets[i]).leg, Payload(packets[i]));
        last_ = Meta(packets[i]);
        rte_pktmbuf_free(packets[i]);
      }
    }
    return all;
  }

  PacketMeta last_;
};

using Packets = std::vector<std::pair<LegSlot, std::string>>;

TEST_F(KernelUdpTest, ReceivesAndSends) {
  for (const char* ip : {"127.0.0.1", "::1"}) {
    KernelUdpOptions options = Options();
    options.addresses = {Address(ip, 0)};
    auto endpoints = Create(options);
    Peer peer(ip);
    auto endpoint = endpoints->Open(3, peer.address(), /*rtcp_mux=*/false);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    EXPECT_EQ(endpoint->rtp.port % 2, 0);
    EXPECT_EQ(endpoint->rtcp.port, endpoint->rtp.port + 1);
    Port& port = endpoints->port(0);
    port.Attach(*endpoint, 1);

    peer.Send(endpoint->rtp, "one");
    peer.Send(endpoint->rtp, "two");
    EXPECT_EQ(Drain(port, 0), Packets());
    EXPECT_EQ(Drain(port, 1), (Packets{{3, "one"}, {3, "two"}}));
    EXPECT_EQ(last_.remote, peer.address());
    EXPECT_FALSE(last_.rtcp);

    rte_mbuf* packet = TestPacket("answer");
    Meta(packet).leg = 3;
    Meta(packet).remote = peer.address();
    port.Send({&packet, 1});
    SocketAddress from;
    EXPECT_EQ(peer.Receive(&from), "answer");
    EXPECT_EQ(from, endpoint->rtp);
    EXPECT_EQ(port.counters().packets_received, 2u);
    EXPECT_EQ(port.counters().packets_sent, 1u);
    port.Detach(3);
    endpoints->Close(*endpoint);
  }
}

TEST_F(KernelUdpTest, RtcpHasItsOwnPortAndIsDrainedNowAndThen) {
  auto endpoints = Create(Options());
  Peer peer;
  const Endpoint endpoint = *endpoints->Open(0, peer.address(), false);
  Port& port = endpoints->port(0);
  port.Attach(endpoint, 0);
  peer.Send(endpoint.rtcp, "report");
  unsigned rounds = 1;
  Packets packets = Drain(port, 0);
  for (; packets.empty() && rounds < 20; ++rounds) packets = Drain(port, 0);
  EXPECT_EQ(packets, (Packets{{0, "report"}}));
  EXPECT_LE(rounds, 10u);
  EXPECT_TRUE(last_.rtcp);

  rte_mbuf* packet = TestPacket("answer");
  Meta(packet).leg = 0;
  Meta(packet).remote = peer.address();
  Meta(packet).rtcp = true;
  port.Send({&packet, 1});
  SocketAddress from;
  EXPECT_EQ(peer.Receive(&from), "answer");
  EXPECT_EQ(from, endpoint.rtcp);
  port.Detach(0);
  endpoints->Close(endpoint);
}

TEST_F(KernelUdpTest, RtcpMuxUsesOneSocket) {
  auto endpoints = Create(Options());
  Peer peer;
  const Endpoint endpoint = *endpoints->Open(0, peer.address(), true);
  EXPECT_EQ(endpoint.rtcp, endpoint.rtp);
  EXPECT_EQ(endpoint.rtcp_fd, -1);
  Port& port = endpoints->port(0);
  port.Attach(endpoint, 0);
  rte_mbuf* packet = TestPacket("report");
  Meta(packet).leg = 0;
  Meta(packet).remote = peer.address();
  Meta(packet).rtcp = true;
  port.Send({&packet, 1});
  SocketAddress from;
  EXPECT_EQ(peer.Receive(&from), "report");
  EXPECT_EQ(from, endpoint.rtp);
  port.Detach(0);
  endpoints->Close(endpoint);
}

TEST_F(KernelUdpTest, TheKernelStampsArrivals) {
  const auto clock = +[] {
    PortTime now = SystemPortClock();
    now.monotonic_ns += 3'600'000'000'000;  // proves that the offset is taken from this clock
    return now;
  };
  KernelUdpOptions options = Options();
  options.clock = clock;
  auto endpoints = Create(options);
  Peer peer;
  const Endpoint endpoint = *endpoints->Open(0, peer.address(), true);
  Port& port = endpoints->port(0);
  port.Attach(endpoint, 0);
  const int64_t before = clock().monotonic_ns;
  peer.Send(endpoint.rtp, "x");
  const int64_t after = clock().monotonic_ns;
  EXPECT_EQ(Drain(port, 0).size(), 1u);
  // The two clocks are read one after the other: allow for a pause between.
  constexpr int64_t kSlackNs = 50'000'000;
  EXPECT_GE(last_.arrival_ns, before - kSlackNs);
  EXPECT_LE(last_.arrival_ns, after + kSlackNs);
  port.Detach(0);
  endpoints->Close(endpoint);
}

TEST_F(KernelUdpTest, ASmallBatchGetsEverythingOnce) {
  auto endpoints = Create(Options());
  Peer peer;
  std::vector<Endpoint> opened;
  Packets expected;
  for (LegSlot leg = 0; leg < 5; ++leg) {
    opened.push_back(*endpoints->Open(leg, peer.address(), true));
    endpoints->port(0).Attach(opened.back(), 0);
  }
  for (unsigned batch : {1u, 2u, 3u, 5u, 10u}) {
    expected.clear();
    for (const Endpoint& endpoint : opened) {
      for (const char* payload : {"a", "b", "c"}) {
        peer.Send(endpoint.rtp, payload);
        expected.emplace_back(endpoint.leg, payload);
      }
    }
    EXPECT_EQ(Drain(endpoints->port(0), 0, batch), expected) << batch;
    EXPECT_EQ(Drain(endpoints->port(0), 0, batch), Packets());
  }
}

TEST_F(KernelUdpTest, AFloodCostsOnlyItsOwnLeg) {
  auto endpoints = Create(Options());
  Peer peer;
  const Endpoint flooded = *endpoints->Open(0, peer.address(), true);
  const Endpoint calm = *endpoints->Open(1, peer.address(), true);
  Port& port = endpoints->port(0);
  port.Attach(flooded, 0);
  port.Attach(calm, 0);
  // Whatever the caller asks for at once, a round is a round.
  for (const unsigned batch : {64u, 33u, 4u}) {
    for (int i = 0; i < 100; ++i) peer.Send(flooded.rtp, "x");
    peer.Send(calm.rtp, "y");
    const Packets first = Drain(port, 0, batch);
    EXPECT_EQ(first.size(), 33u);
    EXPECT_EQ(first.back(), (std::pair<LegSlot, std::string>(1, "y")));
    while (!Drain(port, 0).empty()) {
    }
  }
}

TEST_F(KernelUdpTest, DetachKeepsThePacketsForTheNextWorker) {
  KernelUdpOptions options = Options();
  options.workers = 2;
  auto endpoints = Create(options);
  Peer peer;
  const Endpoint moving = *endpoints->Open(0, peer.address(), true);
  const Endpoint staying = *endpoints->Open(1, peer.address(), true);
  endpoints->port(0).Attach(moving, 0);
  endpoints->port(0).Attach(staying, 0);
  endpoints->port(0).Detach(0);
  peer.Send(moving.rtp, "between");
  peer.Send(staying.rtp, "stays");
  EXPECT_EQ(Drain(endpoints->port(0), 0), (Packets{{1, "stays"}}));
  endpoints->port(1).Attach(moving, 1);
  EXPECT_EQ(Drain(endpoints->port(1), 1), (Packets{{0, "between"}}));
  // Again, to another phase.
  endpoints->port(1).Attach(moving, 0);
  peer.Send(moving.rtp, "moved");
  EXPECT_EQ(Drain(endpoints->port(1), 1), Packets());
  EXPECT_EQ(Drain(endpoints->port(1), 0), (Packets{{0, "moved"}}));
}

TEST_F(KernelUdpTest, LegsComeAndGoInAnyOrder) {
  auto endpoints = Create(Options());
  Peer peer;
  Port& port = endpoints->port(0);
  std::vector<Endpoint> legs;
  for (LegSlot leg = 0; leg < 4; ++leg) {
    legs.push_back(*endpoints->Open(leg, peer.address(), true));
    port.Attach(legs.back(), 0);
  }
  for (const LegSlot gone : {0, 3, 1}) {
    port.Detach(gone);
    legs[gone].leg = kNoLegSlot;
    std::set<LegSlot> expected, heard;
    for (const Endpoint& leg : legs) {
      peer.Send(leg.rtp, "x");
      if (leg.leg != kNoLegSlot) expected.insert(leg.leg);
    }
    for (const auto& [leg, payload] : Drain(port, 0)) heard.insert(leg);
    EXPECT_EQ(heard, expected);
  }
}

TEST_F(KernelUdpTest, TooLongAndEmptyDatagrams) {
  auto endpoints = Create(Options());
  Peer peer;
  const Endpoint endpoint = *endpoints->Open(0, peer.address(), true);
  Port& port = endpoints->port(0);
  port.Attach(endpoint, 0);
  peer.Send(endpoint.rtp, std::string(kPacketDataBytesMax + 1, 'x'));
  peer.Send(endpoint.rtp, std::string(kPacketDataBytesMax, 'y'));
  peer.Send(endpoint.rtp, "");
  EXPECT_EQ(Drain(port, 0), (Packets{{0, std::string(kPacketDataBytesMax, 'y')}, {0, ""}}));
  EXPECT_EQ(Drops(port, PortDrop::kTooLong), 1u);
}

TEST_F(KernelUdpTest, ARefusingPeerEndsNothing) {
  auto endpoints = Create(Options());
  Peer gone, peer;
  const Endpoint endpoint = *endpoints->Open(0, peer.address(), true);
  Port& port = endpoints->port(0);
  port.Attach(endpoint, 0);
  gone.Close();
  for (int i = 0; i < 3; ++i) {
    rte_mbuf* packet = TestPacket("x");
    Meta(packet).leg = 0;
    Meta(packet).remote = gone.address();
    port.Send({&packet, 1});
  }
  peer.Send(endpoint.rtp, "still here");
  EXPECT_EQ(Drain(port, 0), (Packets{{0, "still here"}}));
  EXPECT_EQ(port.counters().packets_sent, 3u);
}

TEST_F(KernelUdpTest, WhatCannotBeSentIsCountedAndFreed) {
  auto endpoints = Create(Options());
  Peer peer;
  const Endpoint endpoint = *endpoints->Open(0, peer.address(), true);
  Port& port = endpoints->port(0);
  port.Attach(endpoint, 0);
  const unsigned in_use = TestPacketsInUse();
  rte_mbuf* packets[3] = {TestPacket("no such leg"), TestPacket("other family"), TestPacket("port 0")};
  Meta(packets[0]).leg = 7;
  Meta(packets[1]).leg = 0;
  Meta(packets[1]).remote = Address("::1", 5000);
  Meta(packets[2]).leg = 0;
  Meta(packets[2]).remote = Address("127.0.0.1", 0);
  port.Send(packets);
  EXPECT_EQ(Drops(port, PortDrop::kUnknownEndpoint), 1u);
  EXPECT_EQ(Drops(port, PortDrop::kSendFailed), 2u);
  EXPECT_EQ(port.counters().packets_sent, 0u);
  EXPECT_EQ(TestPacketsInUse(), in_use);
}

TEST_F(KernelUdpTest, PortsInUseAreSkippedAndCounted) {
  KernelUdpOptions options = Options();
  // Four pairs in a place of this process's own; whatever else is bound there
  // is skipped too.
  options.first_port = static_cast<uint16_t>(12000 + getpid() % 2000 * 4);
  options.last_port = options.first_port + 7;
  options.port_start = 0;
  auto first = Create(options);
  auto second = Create(options);
  const Endpoint taken = *first->Open(0, Address("127.0.0.1", 9), false);
  const auto next = second->Open(0, Address("127.0.0.1", 9), false);
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_GT(next->rtp.port, taken.rtp.port);
  EXPECT_GE(second->ports_skipped(), 1u);
  // Until none is left; a port given back serves again.
  std::vector<Endpoint> all;
  absl::StatusOr<Endpoint> more = second->Open(1, Address("127.0.0.1", 9), false);
  for (; more.ok(); more = second->Open(1, Address("127.0.0.1", 9), false)) all.push_back(*more);
  EXPECT_EQ(more.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_LE(all.size(), 2u);
  first->Close(taken);
  const auto freed = second->Open(1, Address("127.0.0.1", 9), false);
  ASSERT_TRUE(freed.ok()) << freed.status();
  EXPECT_EQ(freed->rtp.port, taken.rtp.port);
  second->Close(*freed);
  second->Close(*next);
  for (const Endpoint& endpoint : all) second->Close(endpoint);
}

TEST_F(KernelUdpTest, ChoosesAnAddressThatReachesTheCaller) {
  KernelUdpOptions options = Options();
  options.addresses = {Address("::1", 0), Address("127.0.0.1", 0), Address("127.0.0.2", 0)};
  auto endpoints = Create(options);
  const Endpoint v4 = *endpoints->Open(0, Address("127.0.0.9", 5000), true);
  EXPECT_EQ(FormatIp(v4.rtp), "127.0.0.1");
  const Endpoint v6 = *endpoints->Open(1, Address("::1", 5000), true);
  EXPECT_EQ(FormatIp(v6.rtp), "::1");
  endpoints->Close(v4);
  endpoints->Close(v6);
  // Nothing leads from loopback to another network.
  const auto refused = endpoints->Open(2, Address("198.18.0.1", 5000), true);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("198.18.0.1"));
}

TEST_F(KernelUdpTest, RefusesAWrongConfiguration) {
  const auto refusal = [&](auto change) {
    KernelUdpOptions options = Options();
    change(options);
    return std::string(KernelUdpEndpoints::Create(options).status().message());
  };
  EXPECT_THAT(refusal([](auto& o) { o.addresses = {Address("0.0.0.0", 0)}; }), HasSubstr("0.0.0.0 names no address"));
  EXPECT_THAT(refusal([](auto& o) { o.addresses = {Address("203.0.113.7", 0)}; }), HasSubstr("203.0.113.7"));
  EXPECT_THAT(refusal([](auto& o) { o.last_port = o.first_port; }), HasSubstr("hold no pair"));
  EXPECT_THAT(refusal([](auto& o) { o.addresses.clear(); }), HasSubstr("local address"));
  EXPECT_THAT(refusal([](auto& o) { o.legs_max = 100'000'000; }), HasSubstr("open files"));
}

TEST_F(KernelUdpTest, RaisesTheLimitOfOpenFiles) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 512;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  Create(Options());
  rlimit after;
  getrlimit(RLIMIT_NOFILE, &after);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST_F(KernelUdpTest, AnEmptyPoolLosesNoSocketData) {
  auto endpoints = Create(Options());
  Peer peer;
  const Endpoint endpoint = *endpoints->Open(0, peer.address(), true);
  Port& port = endpoints->port(0);
  port.Attach(endpoint, 0);
  std::vector<rte_mbuf*> held;
  while (rte_mbuf* packet = rte_pktmbuf_alloc(TestPool())) held.push_back(packet);
  peer.Send(endpoint.rtp, "waits");
  EXPECT_EQ(Drain(port, 0), Packets());
  EXPECT_EQ(Drops(port, PortDrop::kNoMbuf), 1u);
  rte_pktmbuf_free_bulk(held.data(), held.size());
  EXPECT_EQ(Drain(port, 0), (Packets{{0, "waits"}}));
}

}  // namespace
}  // namespace tutti::mediaplane
