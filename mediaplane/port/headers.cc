#include "mediaplane/port/headers.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

constexpr size_t kEthernetBytes = 14;
constexpr size_t kVlanBytes = 4;
constexpr size_t kIpv4Bytes = 20;  // without options
constexpr size_t kIpv6Bytes = 40;
constexpr size_t kUdpBytes = 8;
constexpr size_t kArpBytes = 28;
constexpr size_t kIcmpEchoBytes = 8;

constexpr uint16_t kTypeIpv4 = 0x0800;
constexpr uint16_t kTypeArp = 0x0806;
constexpr uint16_t kTypeVlan = 0x8100;
constexpr uint16_t kTypeIpv6 = 0x86dd;

constexpr uint8_t kProtocolIcmp = 1;
constexpr uint8_t kProtocolUdp = 17;
constexpr uint8_t kHopByHop = 0;  // IPv6 extension headers, RFC 8200
constexpr uint8_t kRouting = 43;
constexpr uint8_t kFragment = 44;
constexpr uint8_t kDestinationOptions = 60;
constexpr unsigned kExtensionHeadersMax = 4;

constexpr uint8_t kHopLimit = 64;
constexpr uint16_t kDontFragment = 0x4000;
constexpr uint16_t kMoreFragmentsOrOffset = 0x3fff;
// Expedited forwarding (RFC 3246), as the traffic class byte.
constexpr uint8_t kTrafficClass = 46 << 2;

uint16_t Get16(const uint8_t* at) { return static_cast<uint16_t>(at[0] << 8 | at[1]); }

void Put16(uint8_t* at, unsigned value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}

// Words as they lie in memory, whatever the host's byte order.
uint32_t Load32(const uint8_t* at) {
  uint32_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

void Store32(uint8_t* at, uint32_t word) { std::memcpy(at, &word, sizeof(word)); }

// The word that lies in memory as the bytes of `value`, most significant first.
uint32_t Big32(uint32_t value) { return htonl(value); }

// The Internet checksum's sum (RFC 1071) of 16-bit words in host order: what
// comes out is in host order too, for the sum commutes with swapping bytes.
// Two sums of 64-bit words side by side, their carries kept in the upper half;
// the result may be any 64-bit value, so that only AddBytes may add to it.
uint64_t AddBytes(uint64_t sum, std::span<const uint8_t> bytes) {
  using Wide = unsigned __int128;
  const auto fold = [](Wide value) {
    const Wide once = (value & UINT64_MAX) + (value >> 64);
    return static_cast<uint64_t>(once) + static_cast<uint64_t>(once >> 64);
  };
  const uint8_t* at = bytes.data();
  size_t left = bytes.size();
  Wide even = sum, odd = 0;
  for (; left >= 16; left -= 16, at += 16) {
    uint64_t words[2];
    std::memcpy(words, at, 16);
    even += words[0];
    odd += words[1];
  }
  for (; left >= 4; left -= 4, at += 4) even += Load32(at);
  if (left > 0) {
    uint8_t tail[4] = {at[0], left > 1 ? at[1] : uint8_t{0}, left > 2 ? at[2] : uint8_t{0}, 0};
    odd += Load32(tail);
  }
  return fold(even + odd);
}

// Folded and complemented, as it stands in memory: store with memcpy.
uint16_t Finish(uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

// The pseudo header without its addresses, RFC 768 and RFC 8200 section 8.1: a
// sum to begin with.
uint64_t PseudoHeader(size_t udp_bytes) {
  return Big32(uint32_t{kProtocolUdp} << 16 | static_cast<uint32_t>(udp_bytes));
}

void Drop(Frame& frame, PortDrop drop) {
  frame.kind = FrameKind::kDrop;
  frame.drop = drop;
}

SocketAddress Ipv6SocketAddress(const uint8_t* ip) {
  SocketAddress address;
  std::copy_n(ip, 16, address.ip.begin());
  return address;
}

void ParseArp(Frame& frame, std::span<const uint8_t> bytes) {
  // RFC 826 for Ethernet and IPv4 alone.
  constexpr uint8_t kEthernetIpv4[6] = {0, 1, 8, 0, 6, 4};
  if (bytes.size() < kArpBytes || std::memcmp(bytes.data(), kEthernetIpv4, sizeof(kEthernetIpv4)) != 0) {
    return Drop(frame, PortDrop::kNotIp);
  }
  const uint16_t operation = Get16(&bytes[6]);
  if (operation != 1 && operation != 2) return Drop(frame, PortDrop::kNotIp);
  frame.kind = FrameKind::kArp;
  frame.arp.request = operation == 1;
  std::copy_n(&bytes[8], 6, frame.arp.sender_mac.begin());
  frame.arp.sender = Ipv4SocketAddress(&bytes[14], 0);
  frame.arp.target = Ipv4SocketAddress(&bytes[24], 0);
}

// `ip` is cut to what the IP header says, `addresses` are both, as they lie in
// it, `transport` is where UDP begins.
void ParseUdp(Frame& frame, std::span<const uint8_t> ip, std::span<const uint8_t> addresses, size_t transport,
              bool checksums_verified) {
  const std::span<const uint8_t> udp = ip.subspan(transport);
  if (udp.size() < kUdpBytes) return Drop(frame, PortDrop::kUdpMalformed);
  const size_t bytes = Get16(&udp[4]);
  if (bytes < kUdpBytes || bytes > udp.size()) return Drop(frame, PortDrop::kUdpMalformed);
  const uint16_t checksum = Get16(&udp[6]);
  const bool ipv4 = addresses.size() == 8;
  // Without a checksum: legal in IPv4 only.
  if (checksum == 0 && !ipv4) return Drop(frame, PortDrop::kUdpChecksum);
  if (checksum != 0 && !checksums_verified &&
      Finish(AddBytes(AddBytes(PseudoHeader(bytes), addresses), udp.first(bytes))) != 0) {
    return Drop(frame, PortDrop::kUdpChecksum);
  }
  frame.source.port = Get16(&udp[0]);
  frame.destination.port = Get16(&udp[2]);
  if (frame.source.port == 0 || frame.destination.port == 0) return Drop(frame, PortDrop::kUdpMalformed);
  frame.kind = FrameKind::kUdp;
  frame.payload_offset = static_cast<uint16_t>(frame.payload_offset + transport + kUdpBytes);
  frame.payload_bytes = static_cast<uint16_t>(bytes - kUdpBytes);
}

void ParseIcmp(Frame& frame, std::span<const uint8_t> ip, size_t transport) {
  const std::span<const uint8_t> icmp = ip.subspan(transport);
  constexpr uint8_t kEchoRequest = 8;
  if (icmp.size() < kIcmpEchoBytes || icmp[0] != kEchoRequest || icmp[1] != 0) return Drop(frame, PortDrop::kNotUdp);
  if (Finish(AddBytes(0, icmp)) != 0) return Drop(frame, PortDrop::kIpChecksum);
  frame.kind = FrameKind::kIcmpEchoRequest;
  frame.payload_offset = static_cast<uint16_t>(frame.payload_offset + transport);
  frame.payload_bytes = static_cast<uint16_t>(icmp.size());
}

void ParseIpv4(Frame& frame, std::span<const uint8_t> ip, bool checksums_verified) {
  if (ip.size() < kIpv4Bytes || ip[0] >> 4 != 4) return Drop(frame, PortDrop::kIpMalformed);
  const size_t header = (ip[0] & 15u) * 4u;
  const size_t total = Get16(&ip[2]);
  if (header < kIpv4Bytes || total < header || total > ip.size()) return Drop(frame, PortDrop::kIpMalformed);
  if (!checksums_verified && Finish(AddBytes(0, ip.first(header))) != 0) return Drop(frame, PortDrop::kIpChecksum);
  if ((Get16(&ip[6]) & kMoreFragmentsOrOffset) != 0) return Drop(frame, PortDrop::kIpFragment);
  ip = ip.first(total);
  frame.source = Ipv4SocketAddress(&ip[12], 0);
  frame.destination = Ipv4SocketAddress(&ip[16], 0);
  if (ip[9] == kProtocolUdp) return ParseUdp(frame, ip, ip.subspan(12, 8), header, checksums_verified);
  if (ip[9] == kProtocolIcmp) return ParseIcmp(frame, ip, header);
  return Drop(frame, PortDrop::kNotUdp);
}

void ParseIpv6(Frame& frame, std::span<const uint8_t> ip, bool checksums_verified) {
  if (ip.size() < kIpv6Bytes || ip[0] >> 4 != 6) return Drop(frame, PortDrop::kIpMalformed);
  const size_t total = kIpv6Bytes + Get16(&ip[4]);
  if (total > ip.size()) return Drop(frame, PortDrop::kIpMalformed);
  ip = ip.first(total);
  frame.source = Ipv6SocketAddress(&ip[8]);
  frame.destination = Ipv6SocketAddress(&ip[24]);
  // An IPv4-mapped address on the wire would pass for IPv4 inside.
  if (IsIpv4(frame.source) || IsIpv4(frame.destination)) return Drop(frame, PortDrop::kIpMalformed);
  uint8_t next = ip[6];
  size_t at = kIpv6Bytes;
  for (unsigned i = 0; i < kExtensionHeadersMax; ++i) {
    if (next == kFragment) return Drop(frame, PortDrop::kIpFragment);
    if (next != kHopByHop && next != kRouting && next != kDestinationOptions) break;
    if (ip.size() - at < 8) return Drop(frame, PortDrop::kIpMalformed);
    const size_t bytes = (ip[at + 1] + 1u) * 8u;
    if (ip.size() - at < bytes) return Drop(frame, PortDrop::kIpMalformed);
    next = ip[at];
    at += bytes;
  }
  if (next != kProtocolUdp) return Drop(frame, PortDrop::kNotUdp);
  return ParseUdp(frame, ip, ip.subspan(8, 32), at, checksums_verified);
}

void ParseEthernet(Frame& frame, std::span<const uint8_t> bytes, VlanId vlan, bool checksums_verified) {
  if (bytes.size() < kEthernetBytes) return Drop(frame, PortDrop::kNotIp);
  std::copy_n(&bytes[6], 6, frame.source_mac.begin());
  uint16_t type = Get16(&bytes[12]);
  size_t at = kEthernetBytes;
  VlanId tag = 0;
  if (type == kTypeVlan) {
    if (bytes.size() < kEthernetBytes + kVlanBytes) return Drop(frame, PortDrop::kNotIp);
    tag = Get16(&bytes[14]) & 0x0fff;
    type = Get16(&bytes[16]);
    at += kVlanBytes;
  }
  if (tag != vlan) return Drop(frame, PortDrop::kNotIp);
  frame.payload_offset = static_cast<uint16_t>(at);
  const std::span<const uint8_t> rest = bytes.subspan(at);
  switch (type) {
    case kTypeIpv4:
      return ParseIpv4(frame, rest, checksums_verified);
    case kTypeIpv6:
      return ParseIpv6(frame, rest, checksums_verified);
    case kTypeArp:
      return ParseArp(frame, rest);
    default:
      return Drop(frame, PortDrop::kNotIp);
  }
}

size_t WriteEthernet(const MacAddress& source, const MacAddress& destination, VlanId vlan, uint16_t type,
                     uint8_t* out) {
  std::copy_n(destination.data(), 6, out);
  std::copy_n(source.data(), 6, out + 6);
  if (vlan == 0) {
    Put16(out + 12, type);
    return kEthernetBytes;
  }
  Put16(out + 12, kTypeVlan);
  Put16(out + 14, vlan);
  Put16(out + 16, type);
  return kEthernetBytes + kVlanBytes;
}

// Whole words, summed before they are stored: reading back what was just stored
// in smaller pieces stalls.
void WriteIpv4(const UdpRoute& route, size_t udp_bytes, uint8_t* out) {
  const uint32_t words[5] = {
      Big32(0x45u << 24 | uint32_t{kTrafficClass} << 16 | static_cast<uint32_t>(kIpv4Bytes + udp_bytes)),
      Big32(kDontFragment), Big32(uint32_t{kHopLimit} << 24 | uint32_t{kProtocolUdp} << 16),
      Load32(route.source.ip.data() + 12), Load32(route.destination.ip.data() + 12)};
  uint64_t sum = 0;
  for (int i = 0; i < 5; ++i) {
    sum += words[i];
    Store32(out + 4 * i, words[i]);
  }
  const uint16_t checksum = Finish(sum);
  std::memcpy(out + 10, &checksum, 2);
}

void WriteIpv6(const UdpRoute& route, size_t udp_bytes, uint8_t* out) {
  std::memset(out, 0, 8);
  out[0] = 0x60 | kTrafficClass >> 4;
  out[1] = static_cast<uint8_t>(kTrafficClass << 4);
  Put16(out + 4, static_cast<unsigned>(udp_bytes));
  out[6] = kProtocolUdp;
  out[7] = kHopLimit;
  std::copy_n(route.source.ip.data(), 16, out + 8);
  std::copy_n(route.destination.ip.data(), 16, out + 24);
}

}  // namespace

Frame ParseFrame(std::span<const uint8_t> bytes, VlanId vlan, bool checksums_verified) {
  Frame frame;
  ParseEthernet(frame, bytes, vlan, checksums_verified);
  return frame;
}

size_t UdpHeadersBytes(bool ipv4, VlanId vlan) {
  return kEthernetBytes + (vlan != 0 ? kVlanBytes : 0) + (ipv4 ? kIpv4Bytes : kIpv6Bytes) + kUdpBytes;
}

void WriteUdpHeaders(const UdpRoute& route, std::span<uint8_t> frame) {
  const bool ipv4 = IsIpv4(route.source);
  const size_t ethernet =
      WriteEthernet(route.source_mac, route.next_hop_mac, route.vlan, ipv4 ? kTypeIpv4 : kTypeIpv6, frame.data());
  uint8_t* const ip = frame.data() + ethernet;
  const size_t ip_bytes = ipv4 ? kIpv4Bytes : kIpv6Bytes;
  const std::span<uint8_t> udp = frame.subspan(ethernet + ip_bytes);
  if (ipv4) {
    WriteIpv4(route, udp.size(), ip);
  } else {
    WriteIpv6(route, udp.size(), ip);
  }
  const uint32_t ports = Big32(uint32_t{route.source.port} << 16 | route.destination.port);
  const uint32_t length = Big32(static_cast<uint32_t>(udp.size()) << 16);
  Store32(&udp[0], ports);
  Store32(&udp[4], length);
  const size_t skip = ipv4 ? 12 : 0;
  // The single words first: what AddBytes returns may fill all 64 bits.
  uint64_t sum = uint64_t{ports} + length + PseudoHeader(udp.size());
  sum = AddBytes(sum, std::span(route.source.ip).subspan(skip));
  sum = AddBytes(sum, std::span(route.destination.ip).subspan(skip));
  uint16_t checksum = Finish(AddBytes(sum, udp.subspan(kUdpBytes)));
  // Zero would say that there is none.
  if (checksum == 0) checksum = 0xffff;
  std::memcpy(&udp[6], &checksum, 2);
}

size_t WriteArp(bool request, const MacAddress& source_mac, const SocketAddress& source, const MacAddress& target_mac,
                const SocketAddress& target, VlanId vlan, std::span<uint8_t, kArpFrameBytesMax> frame) {
  const size_t ethernet = WriteEthernet(source_mac, target_mac, vlan, kTypeArp, frame.data());
  uint8_t* const arp = frame.data() + ethernet;
  Put16(arp, 1);
  Put16(arp + 2, kTypeIpv4);
  arp[4] = 6;
  arp[5] = 4;
  Put16(arp + 6, request ? 1 : 2);
  std::copy_n(source_mac.data(), 6, arp + 8);
  std::copy_n(source.ip.data() + 12, 4, arp + 14);
  if (target_mac == kBroadcastMac) {
    std::memset(arp + 18, 0, 6);
  } else {
    std::copy_n(target_mac.data(), 6, arp + 18);
  }
  std::copy_n(target.ip.data() + 12, 4, arp + 24);
  return ethernet + kArpBytes;
}

void TurnIntoEchoReply(const Frame& parsed, const MacAddress& source_mac, std::span<uint8_t> frame) {
  std::copy_n(parsed.source_mac.data(), 6, frame.data());
  std::copy_n(source_mac.data(), 6, frame.data() + 6);
  const size_t ethernet = kEthernetBytes + (Get16(&frame[12]) == kTypeVlan ? kVlanBytes : 0);
  uint8_t* const ip = frame.data() + ethernet;
  // Swapping the addresses leaves the header's checksum as it is.
  std::swap_ranges(ip + 12, ip + 16, ip + 16);
  const std::span<uint8_t> icmp = frame.subspan(parsed.payload_offset, parsed.payload_bytes);
  icmp[0] = 0;
  icmp[2] = icmp[3] = 0;
  const uint16_t checksum = Finish(AddBytes(0, icmp));
  std::memcpy(&icmp[2], &checksum, 2);
}

}  // namespace tutti::mediaplane
