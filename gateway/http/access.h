#ifndef GATEWAY_HTTP_ACCESS_H_
#define GATEWAY_HTTP_ACCESS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tutti::gateway {

// Against requests that a web page makes from a browser: by another name for
// our address (Host), or from another site (Origin).
struct AccessPolicy {
  // Names and addresses that we answer to, without port; "*" is any. Loopback's
  // are always allowed.
  std::vector<std::string> hosts = {};
  // "https://console.example.com"; our own is always allowed.
  std::vector<std::string> origins = {};
};

// Errors: INVALID_ARGUMENT (HOST_INVALID), PERMISSION_DENIED (HOST_NOT_ALLOWED).
absl::Status CheckHost(const AccessPolicy& policy, std::string_view host);

// `origin` may be empty: none was sent. PERMISSION_DENIED (ORIGIN_NOT_ALLOWED).
absl::Status CheckOrigin(const AccessPolicy& policy, std::string_view origin, std::string_view host);

// A request's target (RFC 9112 section 3.2) as path and query. The absolute form
// replaces `host` by its own. INVALID_ARGUMENT (INVALID_REQUEST_PARAMETER).
absl::StatusOr<std::string> NormalizeTarget(std::string_view target, std::string& host);

// 1–64 of letters, digits, '.', '_', '-'.
bool IsRequestId(std::string_view text);

}  // namespace tutti::gateway

#endif  // GATEWAY_HTTP_ACCESS_H_
