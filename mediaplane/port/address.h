#ifndef MEDIAPLANE_PORT_ADDRESS_H_
#define MEDIAPLANE_PORT_ADDRESS_H_

#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

#include "mediaplane/port/port.h"

namespace tutti::mediaplane {

// A SocketAddress from and to text and the kernel's structures. All are pure.

// From an IP address as text, without brackets or zone. Names are not resolved.
std::optional<SocketAddress> ParseSocketAddress(std::string_view ip, uint16_t port);

// From four bytes of an IPv4 address in network order.
SocketAddress Ipv4SocketAddress(const uint8_t* ip, uint16_t port);

// "192.0.2.1", "2001:db8::1".
std::string FormatIp(const SocketAddress& address);

// "192.0.2.1:5004", "[2001:db8::1]:5004".
std::string FormatSocketAddress(const SocketAddress& address);

bool IsIpv4(const SocketAddress& address);
bool IsUnspecified(const SocketAddress& address);

// Fills `out` with a sockaddr_in or sockaddr_in6 and returns its length.
socklen_t ToSockaddr(const SocketAddress& address, sockaddr_storage* out);

// From what the kernel gave; all zero for another family.
SocketAddress FromSockaddr(const sockaddr_storage& address);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_PORT_ADDRESS_H_
