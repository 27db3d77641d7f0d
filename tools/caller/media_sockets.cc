#include "tools/caller/media_sockets.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::tools {
namespace {

constexpr int kBindAttemptsMax = 100;
constexpr int kReceiveBufferBytes = 1 << 20;

absl::Status Failed(const std::string& what, const std::string& address) {
  return Error(absl::StatusCode::kUnavailable, "NO_MEDIA_SOCKET",
               absl::StrCat("Can't ", what, " on ", address, ": ", std::strerror(errno), "."));
}

uint16_t PortOf(const UdpAddress& address) {
  return ntohs(address.storage.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_port
                                                     : reinterpret_cast<const sockaddr_in&>(address.storage).sin_port);
}

// A bound socket, or -1 with errno.
int BindOne(const UdpAddress& address) {
  const int descriptor = socket(address.storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &kReceiveBufferBytes, sizeof(kReceiveBufferBytes));
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&address.storage), address.length) == 0) return descriptor;
  const int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

}  // namespace

absl::StatusOr<UdpAddress> MakeUdpAddress(const std::string& address, uint16_t port) {
  UdpAddress result;
  auto& v4 = reinterpret_cast<sockaddr_in&>(result.storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(result.storage);
  if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    result.length = sizeof(v4);
    return result;
  }
  if (inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    result.length = sizeof(v6);
    return result;
  }
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_ADDRESS",
               absl::StrCat("\"", address, "\" is not an IP address."));
}

bool SameIp(const UdpAddress& a, const UdpAddress& b) {
  if (a.storage.ss_family != b.storage.ss_family) return false;
  if (a.storage.ss_family == AF_INET6) {
    return std::memcmp(&reinterpret_cast<const sockaddr_in6&>(a.storage).sin6_addr,
                       &reinterpret_cast<const sockaddr_in6&>(b.storage).sin6_addr, sizeof(in6_addr)) == 0;
  }
  return reinterpret_cast<const sockaddr_in&>(a.storage).sin_addr.s_addr ==
         reinterpret_cast<const sockaddr_in&>(b.storage).sin_addr.s_addr;
}

absl::StatusOr<std::string> LocalAddressTowards(const std::string& url) {
  const size_t scheme = url.find("://");
  std::string host = scheme == std::string::npos ? url : url.substr(scheme + 3);
  host = host.substr(0, host.find('/'));
  if (!host.empty() && host[0] == '[') {
    host = host.substr(1, host.find(']') - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), "9", &hints, &found) != 0 || found == nullptr) {
    return Error(absl::StatusCode::kUnavailable, "UNKNOWN_HOST", absl::StrCat("The host \"", host, "\" is unknown."));
  }
  // Connecting a UDP socket sends nothing; it only chooses the route.
  UdpAddress local;
  local.length = sizeof(local.storage);
  const int probe = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool ok = probe >= 0 && connect(probe, found->ai_addr, found->ai_addrlen) == 0 &&
                  getsockname(probe, reinterpret_cast<sockaddr*>(&local.storage), &local.length) == 0;
  const absl::Status error = ok ? absl::OkStatus() : Failed("find a way to the gateway", host);
  if (probe >= 0) close(probe);
  freeaddrinfo(found);
  TUTTI_RETURN_IF_ERROR(error);
  char text[NI_MAXHOST];
  getnameinfo(reinterpret_cast<sockaddr*>(&local.storage), local.length, text, sizeof(text), nullptr, 0,
              NI_NUMERICHOST);
  return std::string(text);
}

MediaSockets::MediaSockets(int rtp, int rtcp, uint16_t port, std::string address)
    : rtp_(rtp), rtcp_(rtcp), port_(port), address_(std::move(address)) {}

MediaSockets::MediaSockets(MediaSockets&& other) noexcept
    : rtp_(std::exchange(other.rtp_, -1)),
      rtcp_(std::exchange(other.rtcp_, -1)),
      port_(other.port_),
      address_(std::move(other.address_)) {}

MediaSockets::~MediaSockets() {
  if (rtp_ >= 0) close(rtp_);
  if (rtcp_ >= 0) close(rtcp_);
}

absl::StatusOr<MediaSockets> MediaSockets::Bind(const std::string& address) {
  TUTTI_ASSIGN_OR_RETURN(const UdpAddress any_port, MakeUdpAddress(address, 0));
  for (int attempt = 0; attempt < kBindAttemptsMax; ++attempt) {
    const int first = BindOne(any_port);
    if (first < 0) return Failed("open a UDP port", address);
    UdpAddress bound;
    bound.length = sizeof(bound.storage);
    getsockname(first, reinterpret_cast<sockaddr*>(&bound.storage), &bound.length);
    const uint16_t port = PortOf(bound);
    // The system gives any port: its neighbour completes the pair.
    const auto neighbour = MakeUdpAddress(address, static_cast<uint16_t>(port ^ 1));
    const int second = BindOne(*neighbour);
    if (second >= 0) {
      return port % 2 == 0 ? MediaSockets(first, second, port, address)
                           : MediaSockets(second, first, static_cast<uint16_t>(port ^ 1), address);
    }
    close(first);
  }
  return Failed("open a pair of UDP ports", address);
}

bool Receive(int socket, std::span<uint8_t> buffer, Datagram& datagram) {
  iovec vector{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(timespec))];
  msghdr message{};
  message.msg_name = &datagram.from.storage;
  message.msg_namelen = sizeof(datagram.from.storage);
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  const ssize_t bytes = recvmsg(socket, &message, 0);
  if (bytes < 0) return false;
  datagram.bytes = static_cast<size_t>(bytes);
  datagram.from.length = message.msg_namelen;
  datagram.arrival_ns = 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_TIMESTAMPNS) {
      timespec time;
      std::memcpy(&time, CMSG_DATA(header), sizeof(time));
      datagram.arrival_ns = time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec;
    }
  }
  return true;
}

}  // namespace tutti::tools
