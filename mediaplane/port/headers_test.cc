#include "mediaplane/port/headers.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr MacAddress kOurMac = {2, 0, 0, 0, 0, 2};
constexpr MacAddress kPeerMac = {2, 0, 0, 0, 0, 1};

// From 198.18.0.1:40000 (or 2001:db8::1) to 198.18.0.2:10000, "\x80\0hello";
// made apart from the code under test.
constexpr char kUdp4[] =
    "020000000002020000000001080045b80023000040004011adeac6120001c6120002"
    "9c402710000fec84800068656c6c6f";
constexpr char kUdp6[] =
    "02000000000202000000000186dd6b800000000f114020010db8000000000000000000000001"
    "20010db80000000000000000000000029c402710000f1d38800068656c6c6f";
constexpr char kPing[] = "020000000002020000000001080045b80020000040004001adfdc6120001c6120002080006fa1234000170696e67";
constexpr char kArpRequest[] = "ffffffffffff02000000000108060001080006040001020000000001c6120001000000000000c6120002";
constexpr char kArpReply[] = "02000000000202000000000108060001080006040002020000000001c6120001020000000002c6120002";

Bytes FromHex(const std::string& hex) {
  const std::string bytes = absl::HexStringToBytes(hex);
  return Bytes(bytes.begin(), bytes.end());
}

// "udp", "arp", "ping", or why it is dropped.
std::string Verdict(const Bytes& frame, VlanId vlan, bool checksums_verified = false) {
  const Frame parsed = ParseFrame(frame, vlan, checksums_verified);
  switch (parsed.kind) {
    case FrameKind::kUdp:
      return "udp";
    case FrameKind::kArp:
      return "arp";
    case FrameKind::kIcmpEchoRequest:
      return "ping";
    case FrameKind::kDrop:
      break;
  }
  return std::string(PortDropName(parsed.drop));
}

std::string Payload(const Frame& parsed, const Bytes& frame) {
  return std::string(frame.begin() + parsed.payload_offset,
                     frame.begin() + parsed.payload_offset + parsed.payload_bytes);
}

struct Case {
  const char* name;
  std::string hex;
  VlanId vlan;
  const char* verdict;
};

TEST(HeadersTest, Verdicts) {
  const Case cases[] = {
      {"UDP over IPv4", kUdp4, 0, "udp"},
      {"with Ethernet padding", std::string(kUdp4) + "0000000000000000000000", 0, "udp"},
      {"without UDP checksum",
       "020000000002020000000001080045b80023000040004011adeac6120001c61200029c402710000f0000800068656c6c6f", 0, "udp"},
      {"with IPv4 options",
       "020000000002020000000001080047b8002b000040004011a0dbc6120001c6120002"
       "07070400000000009c402710000fec84800068656c6c6f",
       0, "udp"},
      {"first fragment",
       "020000000002020000000001080045b80023000020004011cdeac6120001c61200029c402710000fec84800068656c6c6f", 0,
       "ip_fragment"},
      {"last fragment",
       "020000000002020000000001080045b80023000000014011ede9c6120001c61200029c402710000fec84800068656c6c6f", 0,
       "ip_fragment"},
      {"our VLAN",
       "02000000000202000000000181006007080045b80023000040004011adeac6120001c61200029c402710000fec84800068656c6c6f", 7,
       "udp"},
      {"another VLAN",
       "02000000000202000000000181006007080045b80023000040004011adeac6120001c61200029c402710000fec84800068656c6c6f", 8,
       "not_ip"},
      {"a VLAN where none is", "02000000000202000000000181006007080045b8", 0, "not_ip"},
      {"no VLAN where one is", kUdp4, 7, "not_ip"},
      {"a priority tag",
       "0200000000020200000000018100a000080045b80023000040004011adeac6120001c61200029c402710000fec84800068656c6c6f", 0,
       "udp"},
      {"cut VLAN tag", "0200000000020200000000018100a0", 0, "not_ip"},
      {"from UDP port 0",
       "020000000002020000000001080045b80023000040004011adeac6120001c612000200002710000f88c5800068656c6c6f", 0,
       "udp_malformed"},
      {"TCP",
       "020000000002020000000001080045b80028000040004006adf0c6120001c61200020000000000000000000000000000000000000000",
       0, "not_udp"},
      {"ping", kPing, 0, "ping"},
      {"ICMP port unreachable",
       "020000000002020000000001080045b80038000040004001ade5c6120001c61200020303fcfc"
       "0000000000000000000000000000000000000000000000000000000000000000",
       0, "not_udp"},
      {"UDP over IPv6", kUdp6, 0, "udp"},
      {"IPv6 without UDP checksum",
       "02000000000202000000000186dd6b800000000f114020010db8000000000000000000000001"
       "20010db80000000000000000000000029c402710000f0000800068656c6c6f",
       0, "udp_checksum"},
      {"IPv6 with a hop-by-hop header",
       "02000000000202000000000186dd6b8000000017004020010db8000000000000000000000001"
       "20010db800000000000000000000000211000104000000009c402710000f1d38800068656c6c6f",
       0, "udp"},
      {"IPv6 with a header that ends behind the packet",
       "02000000000202000000000186dd6b8000000017004020010db8000000000000000000000001"
       "20010db800000000000000000000000211020104000000009c402710000f1d38800068656c6c6f",
       0, "ip_malformed"},
      {"IPv6 fragment",
       "02000000000202000000000186dd6b80000000172c4020010db8000000000000000000000001"
       "20010db800000000000000000000000211000001000000099c402710000f1d38800068656c6c6f",
       0, "ip_fragment"},
      {"IPv6 that passes for IPv4",
       "02000000000202000000000186dd6b800000000f114000000000000000000000ffffc6120001"
       "20010db80000000000000000000000029c402710000f84de800068656c6c6f",
       0, "ip_malformed"},
      {"ARP request", kArpRequest, 0, "arp"},
      {"ARP reply", kArpReply, 0, "arp"},
      {"ARP of an unknown operation",
       "02000000000202000000000108060001080006040003020000000001c6120001020000000002c6120002", 0, "not_ip"},
      {"ARP for IPv6",
       "02000000000202000000000108060001"
       "86dd06100001020000000001c6120001020000000002c6120002",
       0, "not_ip"},
      {"cut ARP", "02000000000202000000000108060001080006040002020000000001c6120001", 0, "not_ip"},
      {"LLDP", "02000000000202000000000188cc0000", 0, "not_ip"},
      {"nothing", "", 0, "not_ip"},
      {"IPv6 in an IPv4 frame", "020000000002020000000001080065b80023000040004011adeac6120001c6120002", 0,
       "ip_malformed"},
      {"an IPv4 header of 16 bytes", "020000000002020000000001080044b80023000040004011adeac6120001c6120002", 0,
       "ip_malformed"},
  };
  for (const Case& test : cases) EXPECT_EQ(Verdict(FromHex(test.hex), test.vlan), test.verdict) << test.name;
}

TEST(HeadersTest, ReadsAddressesAndPayload) {
  const Bytes udp4 = FromHex(std::string(kUdp4) + "0000");
  Frame frame = ParseFrame(udp4, 0, false);
  EXPECT_EQ(FormatSocketAddress(frame.source), "198.18.0.1:40000");
  EXPECT_EQ(FormatSocketAddress(frame.destination), "198.18.0.2:10000");
  EXPECT_EQ(frame.source_mac, kPeerMac);
  EXPECT_EQ(Payload(frame, udp4), std::string("\x80\0hello", 7));
  const Bytes udp6 = FromHex(kUdp6);
  frame = ParseFrame(udp6, 0, false);
  EXPECT_EQ(FormatSocketAddress(frame.source), "[2001:db8::1]:40000");
  EXPECT_EQ(FormatSocketAddress(frame.destination), "[2001:db8::2]:10000");
  EXPECT_EQ(Payload(frame, udp6), std::string("\x80\0hello", 7));
  frame = ParseFrame(FromHex(kArpRequest), 0, false);
  EXPECT_TRUE(frame.arp.request);
  EXPECT_EQ(FormatIp(frame.arp.sender), "198.18.0.1");
  EXPECT_EQ(FormatIp(frame.arp.target), "198.18.0.2");
  EXPECT_EQ(frame.arp.sender_mac, kPeerMac);
  EXPECT_FALSE(ParseFrame(FromHex(kArpReply), 0, false).arp.request);
}

TEST(HeadersTest, NoFlippedBitAndNoCutPasses) {
  for (const char* hex : {kUdp4, kPing}) {
    const Bytes good = FromHex(hex);
    for (size_t bit = 14 * 8; bit < good.size() * 8; ++bit) {
      Bytes bad = good;
      bad[bit / 8] ^= 1 << bit % 8;
      EXPECT_EQ(ParseFrame(bad, 0, false).kind, FrameKind::kDrop) << bit;
    }
  }
  for (const char* hex : {kUdp4, kUdp6, kPing, kArpReply}) {
    Bytes cut = FromHex(hex);
    while (!cut.empty()) {
      cut.pop_back();
      EXPECT_EQ(ParseFrame(cut, 0, false).kind, FrameKind::kDrop) << cut.size();
    }
  }
  // IPv6 has no header checksum; its payload and addresses are in UDP's.
  const Bytes good = FromHex(kUdp6);
  for (size_t bit = (14 + 8) * 8; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= 1 << bit % 8;
    EXPECT_EQ(ParseFrame(bad, 0, false).kind, FrameKind::kDrop) << bit;
  }
}

TEST(HeadersTest, TrustsTheDeviceThatVerified) {
  Bytes frame = FromHex(kUdp4);
  frame.back() ^= 1;
  EXPECT_EQ(Verdict(frame, 0, /*checksums_verified=*/false), "udp_checksum");
  EXPECT_EQ(Verdict(frame, 0, /*checksums_verified=*/true), "udp");
  frame = FromHex(kUdp4);
  frame[24] ^= 1;
  EXPECT_EQ(Verdict(frame, 0, /*checksums_verified=*/false), "ip_checksum");
}

TEST(HeadersTest, WritesWhatTheOthersRead) {
  const std::string payload("\x80\0hello", 7);
  for (const char* hex : {kUdp4, kUdp6}) {
    const bool ipv4 = hex == kUdp4;
    const char* const from = ipv4 ? "198.18.0.1" : "2001:db8::1";
    const char* const to = ipv4 ? "198.18.0.2" : "2001:db8::2";
    const UdpRoute route = {.source_mac = kPeerMac,
                            .next_hop_mac = kOurMac,
                            .source = *ParseSocketAddress(from, 40000),
                            .destination = *ParseSocketAddress(to, 10000)};
    Bytes frame(UdpHeadersBytes(ipv4, 0), 0xee);
    frame.insert(frame.end(), payload.begin(), payload.end());
    WriteUdpHeaders(route, frame);
    EXPECT_EQ(frame, FromHex(hex));
  }
}

TEST(HeadersTest, WriteThenParseIsTheIdentity) {
  for (const bool ipv4 : {true, false}) {
    for (const VlanId vlan : {0, 42}) {
      for (size_t bytes = 0; bytes <= 1452; bytes += bytes < 40 ? 1 : 97) {
        const UdpRoute route = {.source_mac = kPeerMac,
                                .next_hop_mac = kOurMac,
                                .vlan = vlan,
                                .source = *ParseSocketAddress(ipv4 ? "198.18.0.1" : "2001:db8::1", 65535),
                                .destination = *ParseSocketAddress(ipv4 ? "198.19.255.2" : "2001:db8::ff", 1)};
        Bytes frame(UdpHeadersBytes(ipv4, vlan) + bytes);
        for (size_t i = 0; i < bytes; ++i) frame[frame.size() - 1 - i] = static_cast<uint8_t>(i * 31 + bytes);
        const Bytes before = frame;
        WriteUdpHeaders(route, frame);
        const Frame parsed = ParseFrame(frame, vlan, false);
        ASSERT_EQ(parsed.kind, FrameKind::kUdp) << PortDropName(parsed.drop) << " " << bytes;
        EXPECT_EQ(parsed.source, route.source);
        EXPECT_EQ(parsed.destination, route.destination);
        EXPECT_EQ(parsed.source_mac, kPeerMac);
        EXPECT_EQ(Payload(parsed, frame), std::string(before.end() - bytes, before.end()));
      }
    }
  }
}

// The source's words all but fill the checksum's 64 bits: found by the fuzzer.
TEST(HeadersTest, AChecksumKeepsTheCarryOfHighAddresses) {
  for (const char* source : {"0:f0:ffff:ffff::", "2001:db8::ffff:ffff:ffff:fffe", "ffff:ffff:ffff:ffff::"}) {
    const UdpRoute route = {.source = *ParseSocketAddress(source, 40000),
                            .destination = *ParseSocketAddress("2001:db8::2", 10000)};
    Bytes frame(UdpHeadersBytes(false, 0) + 7, 0x5a);
    WriteUdpHeaders(route, frame);
    EXPECT_EQ(Verdict(frame, 0), "udp") << source;
  }
}

TEST(HeadersTest, AComputedChecksumOfZeroIsSentAsOnes) {
  UdpRoute route = {.source = *ParseSocketAddress("198.18.0.1", 40000),
                    .destination = *ParseSocketAddress("198.18.0.2", 10000)};
  // Some two-byte payload makes the sum come out as zero.
  unsigned ones = 0;
  for (unsigned payload = 0; payload <= 0xffff; ++payload) {
    Bytes frame(UdpHeadersBytes(true, 0) + 2);
    frame[42] = static_cast<uint8_t>(payload >> 8);
    frame[43] = static_cast<uint8_t>(payload);
    WriteUdpHeaders(route, frame);
    ASSERT_FALSE(frame[40] == 0 && frame[41] == 0) << payload;
    if (frame[40] == 0xff && frame[41] == 0xff) {
      ++ones;
      EXPECT_EQ(Verdict(frame, 0), "udp");
    }
  }
  EXPECT_EQ(ones, 1u);
}

TEST(HeadersTest, WritesArp) {
  std::array<uint8_t, kArpFrameBytesMax> frame;
  const SocketAddress us = *ParseSocketAddress("198.18.0.1", 0), peer = *ParseSocketAddress("198.18.0.2", 0);
  size_t bytes = WriteArp(true, kPeerMac, us, kBroadcastMac, peer, 0, frame);
  EXPECT_EQ(Bytes(frame.begin(), frame.begin() + bytes), FromHex(kArpRequest));
  bytes = WriteArp(false, kPeerMac, us, kOurMac, peer, 0, frame);
  EXPECT_EQ(Bytes(frame.begin(), frame.begin() + bytes), FromHex(kArpReply));
  bytes = WriteArp(false, kPeerMac, us, kOurMac, peer, 7, frame);
  EXPECT_EQ(Verdict(Bytes(frame.begin(), frame.begin() + bytes), 7), "arp");
}

TEST(HeadersTest, AnswersPing) {
  Bytes frame = FromHex(kPing);
  const Frame request = ParseFrame(frame, 0, false);
  TurnIntoEchoReply(request, kOurMac, frame);
  EXPECT_EQ(frame, FromHex("02000000000102000000000208004"
                           "5b80020000040004001adfdc6120002c612000100000efa"
                           "1234000170696e67"));
}

}  // namespace
}  // namespace tutti::mediaplane
