#ifndef TOOLS_CALLER_MEDIA_SOCKETS_H_
#define TOOLS_CALLER_MEDIA_SOCKETS_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace tutti::tools {

// A UDP address; IPv4 or IPv6.
struct UdpAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

// INVALID_ARGUMENT when `address` is no IP address.
absl::StatusOr<UdpAddress> MakeUdpAddress(const std::string& address, uint16_t port);

// Same IP, whatever the ports.
bool SameIp(const UdpAddress& a, const UdpAddress& b);

// The local address from which the URL's host ("http://HOST:PORT") is reached:
// the one to offer to a server there.
absl::StatusOr<std::string> LocalAddressTowards(const std::string& url);

// RTP on an even UDP port and RTCP on the next one, non-blocking, with the
// kernel's receive timestamps.
class MediaSockets {
 public:
  static absl::StatusOr<MediaSockets> Bind(const std::string& address);

  MediaSockets(MediaSockets&& other) noexcept;
  MediaSockets& operator=(MediaSockets&&) = delete;
  ~MediaSockets();

  int rtp() const { return rtp_; }
  int rtcp() const { return rtcp_; }
  uint16_t port() const { return port_; }
  const std::string& address() const { return address_; }

 private:
  MediaSockets(int rtp, int rtcp, uint16_t port, std::string address);

  int rtp_;
  int rtcp_;
  uint16_t port_;
  std::string address_;
};

// One datagram. False when none is waiting.
struct Datagram {
  size_t bytes = 0;
  int64_t arrival_ns = 0;  // Unix time, by the kernel; 0: not said
  UdpAddress from;
};
bool Receive(int socket, std::span<uint8_t> buffer, Datagram& datagram);

}  // namespace tutti::tools

#endif  // TOOLS_CALLER_MEDIA_SOCKETS_H_
