#include "mediaplane/port/ethdev.h"

#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include <cstring>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mediaplane/port/testing.h"

namespace tutti::mediaplane {
namespace {

using ::testing::HasSubstr;

constexpr MacAddress kPeerMac = {2, 0, 0, 0, 0, 9};
constexpr int64_t kMs = 1'000'000;

int64_t fake_now_ns = 0;
PortTime FakeClock() { return {.monotonic_ns = fake_now_ns, .real_ns = 0}; }

LocalPrefix Prefix(const char* ip, unsigned bits = 24) { return {.ip = Address(ip, 0), .prefix_bits = bits}; }

// A device of two rings, one each way, and the peer at the rings' other end.
class Wire {
 public:
  explicit Wire(uint16_t queues = 1) {
    static int number = 0;
    name_ = "test" + std::to_string(number++);
    for (uint16_t i = 0; i < queues; ++i) {
      to_us_.push_back(Ring("in", i));
      from_us_.push_back(Ring("out", i));
    }
    Start(queues);
  }
  // The same cable's other end.
  struct OtherEnd {};
  Wire(const Wire& other, OtherEnd) : to_us_(other.from_us_), from_us_(other.to_us_) {
    name_ = other.name_ + "_b";
    Start(1);
  }

  const std::string& device() const { return device_; }

  void Inject(rte_mbuf* frame, uint16_t queue = 0) { ASSERT_EQ(rte_ring_enqueue(to_us_[queue], frame), 0); }

  // A datagram from the peer, as a frame.
  static rte_mbuf* Datagram(const SocketAddress& from, const SocketAddress& to, std::string_view payload,
                            VlanId vlan = 0) {
    rte_mbuf* frame = TestPacket(payload);
    rte_pktmbuf_prepend(frame, static_cast<uint16_t>(UdpHeadersBytes(true, vlan)));
    const UdpRoute route = {.source_mac = kPeerMac, .vlan = vlan, .source = from, .destination = to};
    WriteUdpHeaders(route, {rte_pktmbuf_mtod(frame, uint8_t*), frame->data_len});
    return frame;
  }
  static rte_mbuf* Arp(bool request, const char* sender, const char* target, const MacAddress& mac = kPeerMac) {
    uint8_t bytes[kArpFrameBytesMax];
    const size_t size = WriteArp(request, mac, Address(sender, 0), kBroadcastMac, Address(target, 0), 0, bytes);
    return TestPacket({reinterpret_cast<char*>(bytes), size});
  }

  // The next frame that we sent; null when there is none. The caller frees it.
  rte_mbuf* Sent(Frame* parsed, uint16_t queue = 0, VlanId vlan = 0) {
    void* frame = nullptr;
    if (rte_ring_dequeue(from_us_[queue], &frame) != 0) return nullptr;
    auto* packet = static_cast<rte_mbuf*>(frame);
    *parsed = ParseFrame({rte_pktmbuf_mtod(packet, uint8_t*), packet->data_len}, vlan, false);
    return packet;
  }

 private:
  rte_ring* Ring(const char* way, uint16_t queue) {
    rte_ring* ring = rte_ring_create((name_ + way + std::to_string(queue)).c_str(), 256, SOCKET_ID_ANY, 0);
    EXPECT_NE(ring, nullptr);
    return ring;
  }

  void Start(uint16_t queues) {
    const int port = rte_eth_from_rings(name_.c_str(), to_us_.data(), queues, from_us_.data(), queues, 0);
    ASSERT_GE(port, 0);
    char device[RTE_ETH_NAME_MAX_LEN];
    ASSERT_EQ(rte_eth_dev_get_name_by_port(static_cast<uint16_t>(port), device), 0);
    device_ = device;
  }

  std::string name_;
  std::string device_;
  std::vector<rte_ring*> to_us_;
  std::vector<rte_ring*> from_us_;
};

class EthdevTest : public ::testing::Test {
 protected:
  void SetUp() override {
    TestPool();
    fake_now_ns = 1'000'000'000;
    in_use_ = TestPacketsInUse();
  }
  void TearDown() override { EXPECT_EQ(TestPacketsInUse(), in_use_) << "mbufs leaked"; }

  EthdevOptions Options(const Wire& wire) {
    return {.device = wire.device(),
            .addresses = {Prefix("198.18.0.1")},
            .legs_max = 16,
            .pool = TestPool(),
            .clock = FakeClock};
  }
  std::unique_ptr<EthdevEndpoints> Create(const EthdevOptions& options) {
    auto endpoints = EthdevEndpoints::Create(options);
    EXPECT_TRUE(endpoints.ok()) << endpoints.status();
    return *std::move(endpoints);
  }

  // Payloads that a call of Receive gives, with their legs.
  std::vector<std::string> Receive(Port& port, unsigned batch = 32) {
    std::vector<rte_mbuf*> packets(batch);
    packets.resize(port.Receive(0, packets));
    std::vector<std::string> payloads;
    for (rte_mbuf* packet : packets) {
      last_ = Meta(packet);
      payloads.push_back(std::to_string(last_.leg) + (last_.rtcp ? " rtcp " : " ") + std::string(Payload(packet)));
      rte_pktmbuf_free(packet);
    }
    return payloads;
  }
  void Send(Port& port, LegSlot leg, const SocketAddress& remote, std::string_view payload, bool rtcp = false) {
    rte_mbuf* packet = TestPacket(payload);
    Meta(packet).leg = leg;
    Meta(packet).remote = remote;
    Meta(packet).rtcp = rtcp;
    port.Send({&packet, 1});
  }

  const SocketAddress peer_ = Address("198.18.0.9", 40000);
  PacketMeta last_;

 private:
  unsigned in_use_ = 0;
};

using Payloads = std::vector<std::string>;

TEST_F(EthdevTest, TwoNodesResolveEachOtherAndTalk) {
  Wire wire_a;
  Wire wire_b(wire_a, Wire::OtherEnd());
  EthdevOptions options = Options(wire_a);
  auto a = Create(options);
  options.device = wire_b.device();
  options.addresses = {Prefix("198.18.0.2")};
  auto b = Create(options);
  const Endpoint leg_a = *a->Open(3, Address("198.18.0.2", 1), false);
  const Endpoint leg_b = *b->Open(5, leg_a.rtp, false);
  a->port(0).Attach(leg_a, 0);
  b->port(0).Attach(leg_b, 0);

  Send(a->port(0), 3, leg_b.rtp, "lost while asking");
  EXPECT_EQ(Drops(a->port(0), PortDrop::kNoNeighbour), 1u);
  EXPECT_EQ(Receive(b->port(0)), Payloads());  // answers the request
  EXPECT_EQ(Receive(a->port(0)), Payloads());  // learns from the answer
  Send(a->port(0), 3, leg_b.rtp, "hello");
  EXPECT_EQ(Receive(b->port(0)), Payloads{"5 hello"});
  EXPECT_EQ(last_.remote, leg_a.rtp);
  EXPECT_EQ(last_.arrival_ns, fake_now_ns);
  // B knows A from its request.
  Send(b->port(0), 5, leg_a.rtcp, "report", /*rtcp=*/true);
  EXPECT_EQ(Receive(a->port(0)), Payloads{"3 rtcp report"});
  EXPECT_EQ(last_.remote, leg_b.rtcp);
  EXPECT_EQ(a->port(0).counters().packets_received, 1u);
}

TEST_F(EthdevTest, FindsTheLegOrCountsWhyNot) {
  Wire wire;
  EthdevOptions options = Options(wire);
  options.addresses.push_back(Prefix("198.18.7.1"));
  auto endpoints = Create(options);
  Port& port = endpoints->port(0);
  const Endpoint one = *endpoints->Open(1, peer_, false);
  const Endpoint two = *endpoints->Open(2, Address("198.18.7.9", 1), true);
  EXPECT_EQ(FormatIp(two.rtp), "198.18.7.1");
  port.Attach(one, 0);
  port.Attach(two, 0);
  wire.Inject(Wire::Datagram(peer_, one.rtp, "a"));
  wire.Inject(Wire::Datagram(peer_, one.rtcp, "b"));
  wire.Inject(Wire::Datagram(peer_, two.rtp, "c"));
  EXPECT_EQ(Receive(port), (Payloads{"1 a", "1 rtcp b", "2 c"}));

  SocketAddress other_port = two.rtp, other_ip = one.rtp;
  other_port.port += 1;
  other_ip.ip[15] = 77;
  wire.Inject(Wire::Datagram(peer_, other_port, "x"));
  wire.Inject(Wire::Datagram(peer_, other_ip, "x"));
  EXPECT_EQ(Receive(port), Payloads());
  EXPECT_EQ(Drops(port, PortDrop::kUnknownEndpoint), 2u);

  port.Detach(1);
  endpoints->Close(one);
  wire.Inject(Wire::Datagram(peer_, one.rtp, "late"));
  wire.Inject(Wire::Datagram(peer_, one.rtcp, "late"));
  EXPECT_EQ(Receive(port), Payloads());
  EXPECT_EQ(Drops(port, PortDrop::kUnknownEndpoint), 4u);
}

TEST_F(EthdevTest, BadFramesAreCountedAndTheOthersPass) {
  Wire wire;
  auto endpoints = Create(Options(wire));
  Port& port = endpoints->port(0);
  const Endpoint leg = *endpoints->Open(0, peer_, true);
  port.Attach(leg, 0);
  const auto inject = [&](size_t offset, uint8_t value, bool verified = false) {
    rte_mbuf* frame = Wire::Datagram(peer_, leg.rtp, "payload");
    rte_pktmbuf_mtod(frame, uint8_t*)[offset] = value;
    if (verified) frame->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
    wire.Inject(frame);
  };
  inject(12, 0x42);             // Ethernet type
  inject(14, 0x55);             // IP version
  inject(24, 0xaa);             // IP checksum
  inject(42, 'P');              // payload under the UDP checksum
  inject(20, 0x20, true);       // more fragments
  inject(23, 6, true);          // TCP
  inject(38, 0xff, true);       // UDP length
  inject(42, 'P', true);        // passes: the device says that it has checked
  wire.Inject(TestPacket(""));  // nothing at all
  rte_mbuf* split = Wire::Datagram(peer_, leg.rtp, "payload");
  rte_pktmbuf_chain(split, TestPacket("more"));
  wire.Inject(split);
  EXPECT_EQ(Receive(port), Payloads{"0 Payload"});
  EXPECT_EQ(Drops(port, PortDrop::kNotIp), 2u);
  EXPECT_EQ(Drops(port, PortDrop::kIpMalformed), 1u);
  EXPECT_EQ(Drops(port, PortDrop::kIpChecksum), 1u);
  EXPECT_EQ(Drops(port, PortDrop::kUdpChecksum), 1u);
  EXPECT_EQ(Drops(port, PortDrop::kIpFragment), 1u);
  EXPECT_EQ(Drops(port, PortDrop::kNotUdp), 1u);
  EXPECT_EQ(Drops(port, PortDrop::kUdpMalformed), 1u);
  EXPECT_EQ(Drops(port, PortDrop::kTooLong), 1u);
}

TEST_F(EthdevTest, WorkersWithoutAQueueGetTheirPacketsFromTheFirst) {
  Wire wire(/*queues=*/1);
  EthdevOptions options = Options(wire);
  options.workers = 2;
  auto endpoints = Create(options);
  Port& first = endpoints->port(0);
  Port& second = endpoints->port(1);
  const Endpoint leg = *endpoints->Open(4, peer_, false);
  second.Attach(leg, 0);
  wire.Inject(Wire::Datagram(peer_, leg.rtp, "one"));
  wire.Inject(Wire::Datagram(peer_, leg.rtcp, "two"));
  EXPECT_EQ(Receive(first), Payloads());
  EXPECT_EQ(Receive(second), (Payloads{"4 one", "4 rtcp two"}));
  EXPECT_EQ(first.counters().packets_received, 0u);
  EXPECT_EQ(second.counters().packets_received, 2u);

  // Its question goes out through the first, the answer comes back the same way.
  Frame parsed;
  Send(second, 4, peer_, "no neighbour yet");
  EXPECT_EQ(wire.Sent(&parsed), nullptr);
  Receive(first);
  rte_mbuf* frame = wire.Sent(&parsed);
  ASSERT_NE(frame, nullptr);
  EXPECT_EQ(parsed.kind, FrameKind::kArp);
  EXPECT_EQ(FormatIp(parsed.arp.target), "198.18.0.9");
  rte_pktmbuf_free(frame);
  wire.Inject(Wire::Arp(/*request=*/false, "198.18.0.9", "198.18.0.1"));
  Receive(first);
  Receive(second);
  Send(second, 4, peer_, "answer");
  Receive(first);
  frame = wire.Sent(&parsed);
  ASSERT_NE(frame, nullptr);
  EXPECT_EQ(parsed.kind, FrameKind::kUdp);
  EXPECT_EQ(parsed.source, leg.rtp);
  EXPECT_EQ(parsed.destination, peer_);
  EXPECT_EQ(std::memcmp(rte_pktmbuf_mtod(frame, char*), kPeerMac.data(), 6), 0);
  rte_pktmbuf_free(frame);
}

TEST_F(EthdevTest, EachWorkerHasItsQueueAndForwardsWhatIsNotItsOwn) {
  Wire wire(/*queues=*/2);
  EthdevOptions options = Options(wire);
  options.workers = 2;
  auto endpoints = Create(options);
  const Endpoint leg = *endpoints->Open(4, peer_, true);
  endpoints->port(0).Attach(leg, 0);
  wire.Inject(Wire::Datagram(peer_, leg.rtp, "own"), 0);
  wire.Inject(Wire::Datagram(peer_, leg.rtp, "other"), 1);
  EXPECT_EQ(Receive(endpoints->port(1)), Payloads());
  EXPECT_EQ(Receive(endpoints->port(0)), (Payloads{"4 other", "4 own"}));
  wire.Inject(Wire::Arp(true, "198.18.0.9", "198.18.0.1"), 1);
  Receive(endpoints->port(1));
  Frame parsed;
  rte_mbuf* frame = wire.Sent(&parsed, 1);
  ASSERT_NE(frame, nullptr);
  EXPECT_EQ(parsed.kind, FrameKind::kArp);
  EXPECT_FALSE(parsed.arp.request);
  rte_pktmbuf_free(frame);
  Receive(endpoints->port(0));
  Send(endpoints->port(0), 4, peer_, "known from the other's news");
  frame = wire.Sent(&parsed, 0);
  ASSERT_NE(frame, nullptr);
  EXPECT_EQ(parsed.kind, FrameKind::kUdp);
  rte_pktmbuf_free(frame);
}

TEST_F(EthdevTest, ALegThatMovesLosesNothing) {
  Wire wire;
  EthdevOptions options = Options(wire);
  options.workers = 2;
  auto endpoints = Create(options);
  Port& from = endpoints->port(0);
  Port& to = endpoints->port(1);
  const Endpoint leg = *endpoints->Open(4, peer_, true);
  from.Attach(leg, 0);
  wire.Inject(Wire::Datagram(peer_, leg.rtp, "1"));
  EXPECT_EQ(Receive(from), Payloads{"4 1"});
  from.Detach(4);
  wire.Inject(Wire::Datagram(peer_, leg.rtp, "2"));
  EXPECT_EQ(Receive(from), Payloads());
  fake_now_ns += 20 * kMs;
  wire.Inject(Wire::Datagram(peer_, leg.rtp, "3"));
  EXPECT_EQ(Receive(from), Payloads());
  to.Attach(leg, 0);
  wire.Inject(Wire::Datagram(peer_, leg.rtp, "4"));
  EXPECT_EQ(Receive(from), Payloads());
  EXPECT_EQ(Receive(to), (Payloads{"4 2", "4 3", "4 4"}));
  // And back, while packets are in the ring.
  wire.Inject(Wire::Datagram(peer_, leg.rtp, "5"));
  EXPECT_EQ(Receive(from), Payloads());
  to.Detach(4);
  from.Attach(leg, 0);
  EXPECT_EQ(Receive(to), Payloads());
  EXPECT_EQ(Receive(from), Payloads{"4 5"});
}

TEST_F(EthdevTest, PacketsOfALegThatNobodyTakesAreDroppedInTime) {
  Wire wire;
  auto endpoints = Create(Options(wire));
  Port& port = endpoints->port(0);
  const Endpoint leg = *endpoints->Open(4, peer_, true);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 32; ++i) wire.Inject(Wire::Datagram(peer_, leg.rtp, "x"));
    EXPECT_EQ(Receive(port), Payloads());
  }
  EXPECT_EQ(Drops(port, PortDrop::kForwardRingFull), 10u * 32 - 256);
  fake_now_ns += 101 * kMs;
  EXPECT_EQ(Receive(port), Payloads());
  EXPECT_EQ(Drops(port, PortDrop::kUnknownEndpoint), 256u);
}

TEST_F(EthdevTest, AFullForwardRingIsCounted) {
  Wire wire;
  EthdevOptions options = Options(wire);
  options.workers = 2;
  auto endpoints = Create(options);
  const Endpoint leg = *endpoints->Open(4, peer_, true);
  endpoints->port(1).Attach(leg, 0);
  for (int round = 0; round < 130; ++round) {
    for (int i = 0; i < 32; ++i) wire.Inject(Wire::Datagram(peer_, leg.rtp, "x"));
    Receive(endpoints->port(0));
  }
  // A ring of 4 096 holds one less.
  EXPECT_EQ(Drops(endpoints->port(0), PortDrop::kForwardRingFull), 130u * 32 - 4095);
}

TEST_F(EthdevTest, SendsThroughTheGatewayWhatIsOnNoLink) {
  Wire wire;
  EthdevOptions options = Options(wire);
  options.gateway = Address("198.18.0.254", 0);
  auto endpoints = Create(options);
  Port& port = endpoints->port(0);
  const SocketAddress far = Address("198.19.3.4", 7000);
  const Endpoint leg = *endpoints->Open(0, far, true);
  port.Attach(leg, 0);
  Send(port, 0, far, "x");
  Frame parsed;
  rte_mbuf* frame = wire.Sent(&parsed);
  ASSERT_NE(frame, nullptr);
  EXPECT_EQ(FormatIp(parsed.arp.target), "198.18.0.254");
  EXPECT_EQ(FormatIp(parsed.arp.sender), "198.18.0.1");
  rte_pktmbuf_free(frame);
  wire.Inject(Wire::Arp(false, "198.18.0.254", "198.18.0.1"));
  Receive(port);
  Send(port, 0, far, "x");
  frame = wire.Sent(&parsed);
  ASSERT_NE(frame, nullptr);
  EXPECT_EQ(parsed.destination, far);
  rte_pktmbuf_free(frame);

  Wire other;
  const auto no_gateway = Create(Options(other));
  EXPECT_EQ(no_gateway->Open(0, far, true).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(no_gateway->Open(0, Address("2001:db8::1", 5), true).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(EthdevTest, SpeaksInItsVlan) {
  Wire wire;
  EthdevOptions options = Options(wire);
  options.vlan = 42;
  auto endpoints = Create(options);
  Port& port = endpoints->port(0);
  const Endpoint leg = *endpoints->Open(0, peer_, true);
  port.Attach(leg, 0);
  wire.Inject(Wire::Datagram(peer_, leg.rtp, "tagged", 42));
  wire.Inject(Wire::Datagram(peer_, leg.rtp, "other tag", 43));
  wire.Inject(Wire::Datagram(peer_, leg.rtp, "untagged"));
  EXPECT_EQ(Receive(port), Payloads{"0 tagged"});
  EXPECT_EQ(Drops(port, PortDrop::kNotIp), 2u);
  Send(port, 0, peer_, "x");
  Frame parsed;
  rte_mbuf* frame = wire.Sent(&parsed, 0, 42);
  ASSERT_NE(frame, nullptr);
  EXPECT_EQ(parsed.kind, FrameKind::kArp);
  rte_pktmbuf_free(frame);
}

TEST_F(EthdevTest, DoesNotLearnLies) {
  Wire wire;
  auto endpoints = Create(Options(wire));
  Port& port = endpoints->port(0);
  const Endpoint leg = *endpoints->Open(0, peer_, true);
  port.Attach(leg, 0);
  Send(port, 0, peer_, "asks");
  // A group address, our own address, one of another network.
  wire.Inject(Wire::Arp(false, "198.18.0.9", "198.18.0.1", kBroadcastMac));
  wire.Inject(Wire::Arp(false, "198.18.0.1", "198.18.0.1"));
  wire.Inject(Wire::Arp(false, "198.19.0.9", "198.18.0.1"));
  Receive(port);
  Send(port, 0, peer_, "x");
  Send(port, 0, Address("198.18.0.1", 5000), "to ourselves");
  EXPECT_EQ(Drops(port, PortDrop::kNoNeighbour), 3u);
  Frame parsed;
  while (rte_mbuf* frame = wire.Sent(&parsed)) {
    EXPECT_EQ(parsed.kind, FrameKind::kArp);
    rte_pktmbuf_free(frame);
  }
}

TEST_F(EthdevTest, WhatCannotBeSentIsCounted) {
  Wire wire;
  auto endpoints = Create(Options(wire));
  Port& port = endpoints->port(0);
  const Endpoint leg = *endpoints->Open(0, peer_, true);
  port.Attach(leg, 0);
  Send(port, 1, peer_, "no such leg");
  EXPECT_EQ(Drops(port, PortDrop::kUnknownEndpoint), 1u);
  Send(port, 0, peer_, std::string(1473, 'x'));
  EXPECT_EQ(Drops(port, PortDrop::kTooLong), 1u);
  Send(port, 0, Address("::1", 5), "x");
  EXPECT_EQ(Drops(port, PortDrop::kSendFailed), 1u);
  Send(port, 0, Address("198.19.0.1", 5), "no gateway");
  EXPECT_EQ(Drops(port, PortDrop::kNoNeighbour), 1u);
  // The wire's ring is full: 255 frames.
  wire.Inject(Wire::Arp(true, "198.18.0.9", "198.18.0.1"));
  Receive(port);
  for (int i = 0; i < 300; ++i) Send(port, 0, peer_, "x");
  EXPECT_EQ(Drops(port, PortDrop::kSendFailed), 1u + 300 - 254);
  EXPECT_EQ(port.counters().packets_sent, 255u);
  Frame parsed;
  while (rte_mbuf* frame = wire.Sent(&parsed)) rte_pktmbuf_free(frame);
}

TEST_F(EthdevTest, AnswersPing) {
  Wire wire;
  auto endpoints = Create(Options(wire));
  // 198.18.0.9 asks 198.18.0.1, then an address that is not ours.
  for (const uint8_t host : {1, 2}) {
    const uint8_t ping[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0,    0,    0, 9, 8,   0,
                            0x45, 0,    0,    28,   0,    0,    0, 0, 64,   1,    0, 0, 198, 18,
                            0,    9,    198,  18,   0,    host, 8, 0, 0xf7, 0xff, 0, 0, 0,   0};
    rte_mbuf* frame = TestPacket({reinterpret_cast<const char*>(ping), sizeof(ping)});
    uint8_t* bytes = rte_pktmbuf_mtod(frame, uint8_t*);
    uint32_t sum = 0;
    for (int i = 14; i < 34; i += 2) sum += bytes[i] << 8 | bytes[i + 1];
    sum = ~(sum + (sum >> 16)) & 0xffff;
    bytes[24] = static_cast<uint8_t>(sum >> 8);
    bytes[25] = static_cast<uint8_t>(sum);
    wire.Inject(frame);
  }
  EXPECT_EQ(Receive(endpoints->port(0)), Payloads());
  Frame parsed;
  rte_mbuf* frame = wire.Sent(&parsed);
  ASSERT_NE(frame, nullptr);
  const uint8_t* bytes = rte_pktmbuf_mtod(frame, uint8_t*);
  EXPECT_EQ(std::memcmp(bytes, kPeerMac.data(), 6), 0);
  EXPECT_EQ(bytes[29], 1);  // from 198.18.0.1
  EXPECT_EQ(bytes[33], 9);  // to 198.18.0.9
  EXPECT_EQ(bytes[34], 0);  // echo reply
  rte_pktmbuf_free(frame);
  EXPECT_EQ(Drops(endpoints->port(0), PortDrop::kUnknownEndpoint), 1u);
}

TEST_F(EthdevTest, RefusesAWrongConfiguration) {
  Wire wire;
  const auto refusal = [&](auto change) {
    EthdevOptions options = Options(wire);
    change(options);
    return std::string(EthdevEndpoints::Create(options).status().message());
  };
  EXPECT_THAT(refusal([](auto& o) { o.device = "eth7"; }), HasSubstr("no network device eth7"));
  EXPECT_THAT(refusal([](auto& o) { o.addresses = {Prefix("2001:db8::1")}; }), HasSubstr("IPv6"));
  EXPECT_THAT(refusal([](auto& o) { o.addresses = {Prefix("0.0.0.0")}; }), HasSubstr("0.0.0.0/24"));
  EXPECT_THAT(refusal([](auto& o) { o.addresses = {Prefix("198.18.0.1", 33)}; }), HasSubstr("/33"));
  EXPECT_THAT(refusal([](auto& o) { o.gateway = Address("198.19.0.1", 0); }), HasSubstr("198.19.0.1"));
  EXPECT_THAT(refusal([](auto& o) { o.vlan = 4095; }), HasSubstr("4095"));
  EXPECT_THAT(refusal([](auto& o) { o.workers = 0; }), HasSubstr("workers"));
}

}  // namespace
}  // namespace tutti::mediaplane
