#include "control/http_client/address_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tutti::control {
namespace {

struct Ipv4Network {
  uint32_t prefix;
  int bits;
};

// IANA's special-purpose addresses, multicast and the reserved rest.
constexpr Ipv4Network kSpecialIpv4[] = {
    {0x00000000, 8},   // this network
    {0x0a000000, 8},   // private
    {0x64400000, 10},  // carrier-grade NAT
    {0x7f000000, 8},   // loopback
    {0xa9fe0000, 16},  // link-local, clouds' metadata
    {0xac100000, 12},  // private
    {0xc0000000, 24},  // protocol assignments
    {0xc0000200, 24},  // documentation
    {0xc0586300, 24},  // 6to4 relays
    {0xc0a80000, 16},  // private
    {0xc6120000, 15},  // benchmarks
    {0xc6336400, 24},  // documentation
    {0xcb007100, 24},  // documentation
    {0xe0000000, 4},   // multicast
    {0xf0000000, 4},   // reserved, broadcast
};

bool IsPublicIpv4(uint32_t ip) {
  return std::none_of(std::begin(kSpecialIpv4), std::end(kSpecialIpv4),
                      [ip](const Ipv4Network& special) { return (ip ^ special.prefix) >> (32 - special.bits) == 0; });
}

// Global unicast (2000::/3) but for what holds an IPv4 address or is for
// documents. So ::, ::1, IPv4-mapped, NAT64, fc00::/7, fe80::/10 and ff00::/8 are out.
bool IsPublicIpv6(const uint8_t* ip) {
  if ((ip[0] & 0xe0) != 0x20) return false;
  // 2001::/23: Teredo and other protocols.
  if (ip[0] == 0x20 && ip[1] == 0x01 && ip[2] < 2) return false;
  if (ip[0] == 0x20 && ip[1] == 0x01 && ip[2] == 0x0d && ip[3] == 0xb8) return false;
  // 6to4.
  if (ip[0] == 0x20 && ip[1] == 0x02) return false;
  // 3fff::/20.
  return !(ip[0] == 0x3f && ip[1] == 0xff && ip[2] < 0x10);
}

}  // namespace

absl::StatusOr<AddressGuard> AddressGuard::Make(const std::vector<std::string>& allow_private) {
  AddressGuard guard;
  for (const std::string& text : allow_private) {
    const size_t slash = text.find('/');
    Network network;
    const bool is_address = Parse(text.substr(0, slash), network.prefix);
    const int bits_max = network.prefix.is_ipv4 ? 32 : 128;
    network.bits = bits_max;
    const bool has_bits = slash == std::string::npos || (absl::SimpleAtoi(text.substr(slash + 1), &network.bits) &&
                                                         network.bits >= 0 && network.bits <= bits_max);
    if (!is_address || !has_bits) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", text, "' is no network such as 10.1.0.0/16 or fd00:1::/64, and no address"));
    }
    guard.allowed_.push_back(network);
  }
  return guard;
}

bool AddressGuard::Parse(const std::string& text, Address& address) {
  address.is_ipv4 = inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1;
  return address.is_ipv4 || inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1;
}

bool AddressGuard::Contains(const Network& network, const Address& address) {
  if (network.prefix.is_ipv4 != address.is_ipv4) return false;
  const int bytes = network.bits / 8;
  const int rest = network.bits % 8;
  if (std::memcmp(network.prefix.bytes.data(), address.bytes.data(), bytes) != 0) return false;
  return rest == 0 || (network.prefix.bytes[bytes] ^ address.bytes[bytes]) >> (8 - rest) == 0;
}

bool AddressGuard::IsAllowed(const Address& address) const {
  const uint8_t* ip = address.bytes.data();
  const bool is_public =
      address.is_ipv4 ? IsPublicIpv4(uint32_t{ip[0]} << 24 | uint32_t{ip[1]} << 16 | uint32_t{ip[2]} << 8 | ip[3])
                      : IsPublicIpv6(ip);
  return is_public || std::any_of(allowed_.begin(), allowed_.end(),
                                  [&](const Network& network) { return Contains(network, address); });
}

bool AddressGuard::IsAllowed(const sockaddr& address) const {
  Address parsed;
  if (address.sa_family == AF_INET) {
    parsed.is_ipv4 = true;
    std::memcpy(parsed.bytes.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr, 4);
  } else if (address.sa_family == AF_INET6) {
    std::memcpy(parsed.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, 16);
  } else {
    return false;
  }
  return IsAllowed(parsed);
}

bool AddressGuard::IsAllowedHost(const std::string& host) const {
  Address address;
  return !Parse(host, address) || IsAllowed(address);
}

}  // namespace tutti::control
