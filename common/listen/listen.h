#ifndef COMMON_LISTEN_LISTEN_H_
#define COMMON_LISTEN_LISTEN_H_

#include <string>

#include "absl/status/status.h"

namespace tutti {

// May we listen on `address` ("127.0.0.1:8080", "[::1]:8080", "localhost:0")?
// INVALID_ARGUMENT where it is no address with a port of 0–65535;
// FAILED_PRECONDITION where it is not loopback and `insecure_listen` is false.
absl::Status CheckListenAddress(const std::string& address, bool insecure_listen);

}  // namespace tutti

#endif  // COMMON_LISTEN_LISTEN_H_
