#include "mediaplane/port/kernel_udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "absl/strings/str_format.h"
#include "common/status/status.h"
#include "mediaplane/port/address.h"

namespace tutti::mediaplane {
namespace {

constexpr unsigned kPhasesMax = 64;

// A socket's share of the kernel's memory, asked for in bytes: the kernel takes
// it twice and counts its own overhead, so it holds about 170 packets of 20 ms.
constexpr int kReceiveBufferBytes = 64 * 1024;

// Files that the rest of the process opens: gRPC, the store, recordings.
constexpr rlim_t kOtherFiles = 1024;

// Enough open files for `needed`, raising the soft limit as far as allowed.
absl::Status EnsureOpenFiles(rlim_t needed, unsigned legs_max) {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return absl::ErrnoToStatus(errno, "open files limit");
  if (limit.rlim_cur >= needed) return absl::OkStatus();
  if (limit.rlim_max >= needed) {
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0) return absl::OkStatus();
  }
  return Error(absl::StatusCode::kResourceExhausted, "OPEN_FILES_LIMIT",
               absl::StrFormat("%u legs need %u open files and the limit is %u: raise it (ulimit -Hn, LimitNOFILE=) or "
                               "lower --mediaplane.legs_max",
                               legs_max, static_cast<unsigned>(needed), static_cast<unsigned>(limit.rlim_max)));
}

int OpenSocket(const SocketAddress& address) {
  const int family = IsIpv4(address) ? AF_INET : AF_INET6;
  const int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd >= 0 && family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  return fd;
}

// A socket on exactly that address and port, or -1 with errno.
int BindSocket(const SocketAddress& address, bool kernel_timestamps) {
  const int fd = OpenSocket(address);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBufferBytes, sizeof(kReceiveBufferBytes));
  const int on = 1;
  if (kernel_timestamps) setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
  sockaddr_storage local;
  const socklen_t local_bytes = ToSockaddr(address, &local);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&local), local_bytes) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

// Whether the kernel has a route from the socket's address to `remote`.
bool Reaches(int probe_fd, const SocketAddress& remote) {
  SocketAddress to = remote;
  if (to.port == 0) to.port = 9;  // any: connect() refuses port 0 on some kernels
  sockaddr_storage storage;
  const socklen_t bytes = ToSockaddr(to, &storage);
  return connect(probe_fd, reinterpret_cast<const sockaddr*>(&storage), bytes) == 0;
}

bool IsOutOfFiles(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

}  // namespace

absl::StatusOr<std::unique_ptr<KernelUdpEndpoints>> KernelUdpEndpoints::Create(const KernelUdpOptions& options) {
  if (options.addresses.empty() || options.workers == 0 || options.phases == 0 || options.phases > kPhasesMax ||
      options.legs_max == 0 || options.pool == nullptr) {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_CONFIGURATION",
                 "kernel UDP needs a local address, workers, phases, legs and a packet pool");
  }
  TUTTI_RETURN_IF_ERROR(
      EnsureOpenFiles(2 * rlim_t{options.legs_max} + options.addresses.size() + kOtherFiles, options.legs_max));
  std::unique_ptr<KernelUdpEndpoints> endpoints(new KernelUdpEndpoints(options));
  for (const SocketAddress& address : options.addresses) TUTTI_RETURN_IF_ERROR(endpoints->AddAddress(address));
  for (unsigned worker = 0; worker < options.workers; ++worker) {
    endpoints->ports_.push_back(
        std::make_unique<KernelUdpPort>(KernelUdpPort::Options{.phases = options.phases,
                                                               .legs_max = options.legs_max,
                                                               .pool = options.pool,
                                                               .kernel_timestamps = options.kernel_timestamps,
                                                               .clock = options.clock}));
  }
  return endpoints;
}

absl::Status KernelUdpEndpoints::AddAddress(const SocketAddress& address) {
  SocketAddress any_port = address;
  any_port.port = 0;
  if (IsUnspecified(any_port)) {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_CONFIGURATION",
                 absl::StrFormat("%s names no address to answer callers with: give the host's own", FormatIp(address)));
  }
  PortAllocator allocator(options_.first_port, options_.last_port, options_.port_start);
  if (allocator.capacity() == 0) {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_CONFIGURATION",
                 absl::StrFormat("the RTP ports %u-%u hold no pair of ports", options_.first_port, options_.last_port));
  }
  const int fd = BindSocket(any_port, /*kernel_timestamps=*/false);
  if (fd < 0) {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_CONFIGURATION",
                 absl::StrFormat("media address %s can't be used: %s", FormatIp(address), strerror(errno)));
  }
  addresses_.push_back({.address = any_port, .probe_fd = fd, .allocator = std::move(allocator)});
  return absl::OkStatus();
}

KernelUdpEndpoints::~KernelUdpEndpoints() {
  for (const LocalAddress& local : addresses_) close(local.probe_fd);
}

absl::StatusOr<Endpoint> KernelUdpEndpoints::Open(LegSlot leg, const SocketAddress& remote, bool rtcp_mux) {
  bool reached = false;
  for (LocalAddress& local : addresses_) {
    if (IsIpv4(local.address) != IsIpv4(remote) || !Reaches(local.probe_fd, remote)) continue;
    reached = true;
    // Ports that can't be bound stay out of the circle until the end of this
    // call, so that each is tried once.
    std::vector<uint16_t> skipped;
    Endpoint endpoint;
    int error = 0;
    while (endpoint.rtp_fd < 0) {
      const std::optional<uint16_t> port = local.allocator.Take();
      if (!port.has_value()) break;
      endpoint = {.leg = leg, .rtp = local.address, .rtcp = local.address};
      endpoint.rtp.port = *port;
      endpoint.rtcp.port = rtcp_mux ? *port : *port + 1;
      endpoint.rtp_fd = BindSocket(endpoint.rtp, options_.kernel_timestamps);
      error = errno;
      if (endpoint.rtp_fd >= 0 && !rtcp_mux) {
        endpoint.rtcp_fd = BindSocket(endpoint.rtcp, options_.kernel_timestamps);
        error = errno;
        if (endpoint.rtcp_fd < 0) {
          close(endpoint.rtp_fd);
          endpoint.rtp_fd = -1;
        }
      }
      if (endpoint.rtp_fd >= 0) break;
      skipped.push_back(*port);
      if (IsOutOfFiles(error)) break;
      ++ports_skipped_;
    }
    for (const uint16_t port : skipped) local.allocator.Give(port);
    if (endpoint.rtp_fd >= 0) return endpoint;
    if (IsOutOfFiles(error)) {
      return Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY",
                   absl::StrFormat("no socket for another call: %s", strerror(error)));
    }
  }
  if (!reached) {
    return Error(absl::StatusCode::kInvalidArgument, "MEDIA_NOT_SUPPORTED",
                 absl::StrFormat("no media address of this node reaches %s", FormatIp(remote)));
  }
  return Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY",
               absl::StrFormat("every RTP port of %u-%u is in use", options_.first_port, options_.last_port));
}

void KernelUdpEndpoints::Close(const Endpoint& endpoint) {
  if (endpoint.rtp_fd >= 0) close(endpoint.rtp_fd);
  if (endpoint.rtcp_fd >= 0) close(endpoint.rtcp_fd);
  for (LocalAddress& local : addresses_) {
    if (local.address.ip == endpoint.rtp.ip) local.allocator.Give(endpoint.rtp.port);
  }
}

}  // namespace tutti::mediaplane
