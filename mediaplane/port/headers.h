#ifndef MEDIAPLANE_PORT_HEADERS_H_
#define MEDIAPLANE_PORT_HEADERS_H_

#include <array>
#include <cstdint>
#include <span>

#include "mediaplane/port/port.h"

namespace tutti::mediaplane {

// Ethernet, ARP, IPv4, IPv6 and UDP as bytes, for ports without a kernel. Pure
// functions; every byte given to them may be hostile.

using MacAddress = std::array<uint8_t, 6>;
constexpr MacAddress kBroadcastMac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

enum class FrameKind : uint8_t { kDrop, kUdp, kArp, kIcmpEchoRequest };

struct ArpMessage {
  bool request = false;  // else a reply
  MacAddress sender_mac = {};
  SocketAddress sender;  // port 0; unspecified in a probe (RFC 5227)
  SocketAddress target;
};

// What a received frame is. With kDrop only `drop` counts.
struct Frame {
  FrameKind kind = FrameKind::kDrop;
  PortDrop drop = PortDrop::kNotIp;
  MacAddress source_mac = {};
  // kUdp and kIcmpEchoRequest (ports 0).
  SocketAddress source;
  SocketAddress destination;
  // The UDP payload, or the ICMP message with its header: Ethernet padding
  // behind it is not counted.
  uint16_t payload_offset = 0;
  uint16_t payload_bytes = 0;
  ArpMessage arp;  // kArp
};

// Which VLAN frames belong to (IEEE 802.1Q tag); 0 is none, and then a priority
// tag (VLAN 0) is accepted too.
using VlanId = uint16_t;

// Reads a frame. `checksums_verified` says that the device has checked those of
// IP and UDP already. Multicast and broadcast destinations are no drop here:
// whoever looks the address up knows none.
Frame ParseFrame(std::span<const uint8_t> frame, VlanId vlan, bool checksums_verified);

// Bytes that WriteUdpHeaders needs in front of the payload, and the most of it.
size_t UdpHeadersBytes(bool ipv4, VlanId vlan);
constexpr size_t kUdpHeadersBytesMax = 14 + 4 + 40 + 8;

// The way of a datagram that we send.
struct UdpRoute {
  MacAddress source_mac = {};
  MacAddress next_hop_mac = {};
  VlanId vlan = 0;
  SocketAddress source;
  SocketAddress destination;  // of the source's family
};

// Writes all headers into the first UdpHeadersBytes() of `frame`, the rest of
// which is the payload (at most 65 507 bytes less IPv6's header), checksums
// included.
void WriteUdpHeaders(const UdpRoute& route, std::span<uint8_t> frame);

constexpr size_t kArpFrameBytesMax = 14 + 4 + 28;

// Writes a whole ARP frame and returns its bytes. `target_mac` is where it is
// sent: kBroadcastMac for a first request.
size_t WriteArp(bool request, const MacAddress& source_mac, const SocketAddress& source, const MacAddress& target_mac,
                const SocketAddress& target, VlanId vlan, std::span<uint8_t, kArpFrameBytesMax> frame);

// Turns a frame that ParseFrame called kIcmpEchoRequest into its reply, in
// place.
void TurnIntoEchoReply(const Frame& parsed, const MacAddress& source_mac, std::span<uint8_t> frame);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_PORT_HEADERS_H_
