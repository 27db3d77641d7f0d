#ifndef GATEWAY_HTTP_BYTES_ACKED_H_
#define GATEWAY_HTTP_BYTES_ACKED_H_

#include <cstdint>

namespace tutti::gateway {

// How much the other side of a TCP connection has taken since its beginning; what the
// kernel holds for it is not in it. 0 for what is no TCP.
uint64_t BytesAcked(int socket);

}  // namespace tutti::gateway

#endif  // GATEWAY_HTTP_BYTES_ACKED_H_
