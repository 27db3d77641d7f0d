#ifndef MEDIAPLANE_PORT_ADDRESS_H_
#define MEDIAPLANE_PORT_ADDRESS_H_

#include <sys/socket.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "mediaplane/port/port.h"

namespace tutti::mediaplane {

// A SocketAddress from and to text and the kernel's structures. All are pure.

// From an IP address as text, without brackets or zone. Names are not resolved.
std::optional<SocketAddress> ParseSocketAddress(std::string_view ip, uint16_t port);

// What an IPv4 address has in front inside a SocketAddress.
constexpr std::array<uint8_t, 12> kIpv4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// From four bytes of an IPv4 address in network order.
inline SocketAddress Ipv4SocketAddress(const uint8_t* ip, uint16_t port) {
  SocketAddress address;
  std::memcpy(address.ip.data(), kIpv4Prefix.data(), kIpv4Prefix.size());
  std::memcpy(address.ip.data() + kIpv4Prefix.size(), ip, 4);
  address.port = port;
  return address;
}

// "192.0.2.1", "2001:db8::1".
std::string FormatIp(const SocketAddress& address);

// "192.0.2.1:5004", "[2001:db8::1]:5004".
std::string FormatSocketAddress(const SocketAddress& address);

inline bool IsIpv4(const SocketAddress& address) {
  return std::memcmp(address.ip.data(), kIpv4Prefix.data(), kIpv4Prefix.size()) == 0;
}

inline bool SameIp(const SocketAddress& a, const SocketAddress& b) {
  uint64_t x[2], y[2];
  std::memcpy(x, a.ip.data(), sizeof(x));
  std::memcpy(y, b.ip.data(), sizeof(y));
  return x[0] == y[0] && x[1] == y[1];
}

bool IsUnspecified(const SocketAddress& address);

// Fills `out` with a sockaddr_in or sockaddr_in6 and returns its length.
socklen_t ToSockaddr(const SocketAddress& address, sockaddr_storage* out);

// From what the kernel gave; all zero for another family.
SocketAddress FromSockaddr(const sockaddr_storage& address);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_PORT_ADDRESS_H_
