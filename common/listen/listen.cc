#include "common/listen/listen.h"

#include <arpa/inet.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tutti {

namespace {

// 127.0.0.0/8; "127.example.org" is a name.
bool IsLoopbackIp(const std::string& host) {
  in_addr ip;
  return inet_pton(AF_INET, host.c_str(), &ip) == 1 && ntohl(ip.s_addr) >> 24 == 127;
}

// What is not there of what the listener needs; empty: nothing.
std::string Missing(Listener listener, const config::v1::Config& config) {
  if (listener == Listener::kMetrics) return "metrics have no TLS";
  const bool needs_keys = listener == Listener::kApi && config.api_key().empty();
  if (!config.has_tls())
    return needs_keys ? "that needs tls and api_key in the configuration" : "that needs tls in the configuration";
  return needs_keys ? "that needs api_key in the configuration" : "";
}

}  // namespace

absl::Status CheckListenAddress(const std::string& address, Listener listener, const config::v1::Config& config) {
  const size_t colon = address.rfind(':');
  int port = -1;
  if (colon == std::string::npos || colon == 0 || !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 0 ||
      port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("'", address, "' is no ADDRESS:PORT to listen on"));
  }
  const std::string host = address.substr(0, colon);
  if (config.insecure_listen() || host == "localhost" || host == "[::1]" || IsLoopbackIp(host)) {
    return absl::OkStatus();
  }
  const std::string missing = Missing(listener, config);
  if (missing.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("listening on ", address, " would be open to others: ", missing,
                                                    ", or --insecure_listen where the network is safe"));
}

}  // namespace tutti
