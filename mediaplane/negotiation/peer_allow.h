#ifndef MEDIAPLANE_NEGOTIATION_PEER_ALLOW_H_
#define MEDIAPLANE_NEGOTIATION_PEER_ALLOW_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mediaplane/port/port.h"

namespace tutti::mediaplane {

// Multicast or the limited broadcast address: never a caller.
bool IsMulticast(const SocketAddress& address);

// The networks in which remote media addresses may be. Immutable, thread-safe.
class PeerAllowList {
 public:
  // `networks` are CIDR texts ("127.0.0.0/8", "::1/128") or single addresses.
  // INVALID_ARGUMENT names the first that is malformed.
  static absl::StatusOr<PeerAllowList> Parse(std::span<const std::string> networks);

  // This machine alone: 127.0.0.0/8 and ::1.
  static PeerAllowList Loopback();

  // By the IP address alone.
  bool Contains(const SocketAddress& address) const;

  // "127.0.0.0/8, ::1/128".
  std::string ToString() const;

 private:
  struct Network {
    SocketAddress prefix;
    int bits;  // of the 128
  };

  std::vector<Network> networks_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NEGOTIATION_PEER_ALLOW_H_
