#include "mediaplane/port/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace tutti::mediaplane {
std::optional<SocketAddress> ParseSocketAddress(std::string_view ip, uint16_t port) {
  const std::string text(ip);
  // inet_pton stops at a zero byte.
  if (text.find('\0') != std::string::npos) return std::nullopt;
  uint8_t v4[4];
  if (inet_pton(AF_INET, text.c_str(), v4) == 1) return Ipv4SocketAddress(v4, port);
  SocketAddress address;
  if (inet_pton(AF_INET6, text.c_str(), address.ip.data()) != 1) return std::nullopt;
  address.port = port;
  return address;
}

bool IsUnspecified(const SocketAddress& address) {
  const size_t from = IsIpv4(address) ? kIpv4Prefix.size() : 0;
  return std::all_of(address.ip.begin() + from, address.ip.end(), [](uint8_t byte) { return byte == 0; });
}

std::string FormatIp(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN];
  const bool v4 = IsIpv4(address);
  return inet_ntop(v4 ? AF_INET : AF_INET6, address.ip.data() + (v4 ? kIpv4Prefix.size() : 0), text, sizeof(text));
}

std::string FormatSocketAddress(const SocketAddress& address) {
  const std::string ip = FormatIp(address);
  return (IsIpv4(address) ? ip : "[" + ip + "]") + ":" + std::to_string(address.port);
}

socklen_t ToSockaddr(const SocketAddress& address, sockaddr_storage* out) {
  if (IsIpv4(address)) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(out);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    std::memcpy(&v4->sin_addr, address.ip.data() + kIpv4Prefix.size(), 4);
    std::memset(v4->sin_zero, 0, sizeof(v4->sin_zero));
    return sizeof(sockaddr_in);
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(out);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(address.port);
  v6->sin6_flowinfo = 0;
  v6->sin6_scope_id = 0;
  std::memcpy(&v6->sin6_addr, address.ip.data(), 16);
  return sizeof(sockaddr_in6);
}

SocketAddress FromSockaddr(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return Ipv4SocketAddress(reinterpret_cast<const uint8_t*>(&v4.sin_addr), ntohs(v4.sin_port));
  }
  SocketAddress result;
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    std::memcpy(result.ip.data(), &v6.sin6_addr, 16);
    result.port = ntohs(v6.sin6_port);
  }
  return result;
}

}  // namespace tutti::mediaplane
