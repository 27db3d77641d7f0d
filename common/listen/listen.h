#ifndef COMMON_LISTEN_LISTEN_H_
#define COMMON_LISTEN_LISTEN_H_

#include <string>

#include "absl/status/status.h"
#include "tutti/config/v1/config.pb.h"

namespace tutti {

// What a listener serves, and so what it needs to be open to other machines.
enum class Listener {
  // Customers: TLS and API keys.
  kApi,
  // Our own processes and probes, nothing of a customer: TLS.
  kInternal,
  // Numbers without TLS: nothing but the operator's word.
  kMetrics,
};

// May we listen on `address` ("127.0.0.1:8080", "[::1]:8080", "localhost:0")?
// On loopback always; elsewhere with what the listener needs, or where
// config.insecure_listen waives it (TLS and keys that are there stay).
// INVALID_ARGUMENT where it is no address with a port of 0–65535;
// FAILED_PRECONDITION with one sentence where it must not be.
absl::Status CheckListenAddress(const std::string& address, Listener listener, const config::v1::Config& config);

}  // namespace tutti

#endif  // COMMON_LISTEN_LISTEN_H_
