#include "gateway/http/bytes_acked.h"

// Not netinet/tcp.h, whose tcp_info ends before it.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace tutti::gateway {

uint64_t BytesAcked(int socket) {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_acked : 0;
}

}  // namespace tutti::gateway
