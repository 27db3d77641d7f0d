#include "gateway/http/access.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/status/status.h"

namespace tutti::gateway {
namespace {

constexpr size_t kRequestIdBytesMax = 64;
constexpr const char* kLoopback[] = {"localhost", "127.0.0.1", "[::1]"};

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

bool IsHostCharacter(char c) {
  return absl::ascii_isalnum(c) || absl::string_view(".-_:[]").find(c) != absl::string_view::npos;
}

// "[::1]:8080" → "[::1]"
std::string_view WithoutPort(std::string_view host) {
  const size_t bracket = host.rfind(']');
  const size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) return host;
  return host.substr(0, colon);
}

bool Contains(const std::vector<std::string>& names, std::string_view wanted) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return name == "*" || absl::EqualsIgnoreCase(name, View(wanted));
  });
}

}  // namespace

absl::Status CheckHost(const AccessPolicy& policy, std::string_view host) {
  if (host.empty() || !std::all_of(host.begin(), host.end(), IsHostCharacter)) {
    return Error(absl::StatusCode::kInvalidArgument, "HOST_INVALID", "The request has no valid Host header.");
  }
  const std::string_view name = WithoutPort(host);
  for (const char* loopback : kLoopback) {
    if (absl::EqualsIgnoreCase(loopback, View(name))) return absl::OkStatus();
  }
  if (Contains(policy.hosts, name)) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "HOST_NOT_ALLOWED",
               absl::StrCat("This gateway doesn't answer to the name ", View(name.substr(0, 255)),
                            "; gateway.hosts lists those that it does."));
}

absl::Status CheckOrigin(const AccessPolicy& policy, std::string_view origin, std::string_view host) {
  if (origin.empty()) return absl::OkStatus();
  for (const char* scheme : {"http://", "https://"}) {
    if (absl::EqualsIgnoreCase(View(origin), absl::StrCat(scheme, View(host)))) return absl::OkStatus();
  }
  if (Contains(policy.origins, origin)) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "ORIGIN_NOT_ALLOWED",
               "Pages of this origin may not call this gateway; gateway.origins lists those that may.");
}

absl::StatusOr<std::string> NormalizeTarget(std::string_view target, std::string& host) {
  const bool plain = absl::StartsWithIgnoreCase(View(target), "http://");
  if (plain || absl::StartsWithIgnoreCase(View(target), "https://")) {
    const std::string_view rest = target.substr(plain ? 7 : 8);
    const size_t end = rest.find_first_of("/?");
    host = std::string(rest.substr(0, end));
    target = end == std::string_view::npos ? std::string_view() : rest.substr(end);
    if (target.empty() || target.front() == '?') return absl::StrCat("/", View(target));
  }
  if (target.empty() || target.front() != '/') {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", "The request's target is no path.");
  }
  return std::string(target);
}

bool IsRequestId(std::string_view text) {
  return !text.empty() && text.size() <= kRequestIdBytesMax && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace tutti::gateway
