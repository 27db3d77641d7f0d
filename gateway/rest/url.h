#ifndef GATEWAY_REST_URL_H_
#define GATEWAY_REST_URL_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

// Paths and queries as they come from clients (RFC 3986). Errors are
// INVALID_ARGUMENT, INVALID_REQUEST_PARAMETER.
namespace tutti::gateway {

struct UrlPath {
  // Percent-decoded; "/v1/calls" has two.
  std::vector<std::string> segments;
  // What follows a ':' in the last segment, "" without one.
  std::string verb;
};

// `path` begins with '/'. At most 32 segments; each is UTF-8 without control
// characters. An empty segment, as of "//" or at the end, is one.
absl::StatusOr<UrlPath> ParsePath(std::string_view path);

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

// `query` is what follows the '?'. At most 64 parameters; '+' is a space.
absl::StatusOr<QueryParameters> ParseQuery(std::string_view query);

}  // namespace tutti::gateway

#endif  // GATEWAY_REST_URL_H_
