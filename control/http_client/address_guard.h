#ifndef CONTROL_HTTP_CLIENT_ADDRESS_GUARD_H_
#define CONTROL_HTTP_CLIENT_ADDRESS_GUARD_H_

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tutti::control {

// Which addresses may be called for others: those of the public Internet, and
// those that the operator allows by name. Immutable, thread-safe.
class AddressGuard {
 public:
  // Only public ones.
  AddressGuard() = default;

  // `allow_private`: networks as 10.1.0.0/16 or fd00:1::/64, or single addresses.
  // INVALID_ARGUMENT: one of them is none; the sentence names it.
  static absl::StatusOr<AddressGuard> Make(const std::vector<std::string>& allow_private);

  // Of any family but IPv4 and IPv6: no.
  bool IsAllowed(const sockaddr& address) const;
  // A numeric address; a name is no address: true.
  bool IsAllowedHost(const std::string& host) const;

 private:
  // IPv4 as ::ffff:0:0/96, but kept apart from what a peer writes so.
  struct Address {
    bool is_ipv4 = false;
    std::array<uint8_t, 16> bytes = {};
  };
  struct Network {
    Address prefix;
    int bits = 0;
  };

  static bool Parse(const std::string& text, Address& address);
  static bool Contains(const Network& network, const Address& address);
  bool IsAllowed(const Address& address) const;

  std::vector<Network> allowed_;
};

}  // namespace tutti::control

#endif  // CONTROL_HTTP_CLIENT_ADDRESS_GUARD_H_
