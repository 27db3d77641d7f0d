#ifndef TOOLS_API_CLIENT_HTTP_H_
#define TOOLS_API_CLIENT_HTTP_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tutti::tools {

struct HttpRequest {
  std::string method;  // "POST"
  std::string path;    // with its query: "/v1/calls?page_size=1"
  std::string body;    // JSON; empty: none
};

struct HttpResponse {
  int status = 0;
  std::string body;
};

// One server, one request at a time.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;

  // UNAVAILABLE when there was no answer: one sentence that names the server.
  virtual absl::StatusOr<HttpResponse> Send(const HttpRequest& request) = 0;
};

// Over libcurl, with keep-alive; answers of at most 8 MiB within 10 s.
// INVALID_ARGUMENT when `base_url` is not http:// or https://.
absl::StatusOr<std::unique_ptr<HttpTransport>> MakeCurlTransport(const std::string& base_url);

}  // namespace tutti::tools

#endif  // TOOLS_API_CLIENT_HTTP_H_
