#ifndef CONTROL_HTTP_CLIENT_HTTP_CLIENT_H_
#define CONTROL_HTTP_CLIENT_HTTP_CLIENT_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tutti::control {

// A request to a URL that somebody else has told us.
struct HttpRequest {
  // GET, HEAD, POST, PUT, PATCH or DELETE.
  std::string method = "GET";
  std::string url;
  // Names and values; those that say how the message is carried (Host,
  // Content-Length, Connection, …) are refused.
  std::vector<std::pair<std::string, std::string>> headers;
  // At most kHttpRequestBytesMax.
  std::string body;
  // A longer body of the response is an error, or cut off.
  size_t response_bytes_max = 64 * 1024;
  bool cut_response = false;
  // From Send to the end of the response, waiting for a connection included.
  absl::Duration timeout = absl::Seconds(10);
};

// What came back, whatever its status: 404 and 500 are responses, too. Redirects
// are not followed.
struct HttpResponse {
  int status = 0;
  // As sent: "audio/wav", "application/json; charset=utf-8"; may be empty.
  std::string content_type;
  // The ETag, quotes included; may be empty.
  std::string etag;
  std::string body;
};

inline constexpr size_t kHttpRequestBytesMax = 1024 * 1024;

// The one way out for every URL that control is told to fetch or to call; the
// guard against private addresses is inside. Thread-safe.
class HttpClient {
 public:
  // Called once, on a thread of the client's or, for what is refused at once, before
  // Send returns. It must not block, and may Send. Errors, by reason:
  //   URL_NOT_ALLOWED (INVALID_ARGUMENT: see CheckUrl; PERMISSION_DENIED: its
  //     host has only addresses that are private),
  //   HTTP_REQUEST_INVALID (INVALID_ARGUMENT: method, headers, size),
  //   HTTP_TIMEOUT (DEADLINE_EXCEEDED), HTTP_RESPONSE_TOO_LARGE
  //   (FAILED_PRECONDITION), HTTP_TOO_MANY_REQUESTS (RESOURCE_EXHAUSTED: too
  //   many wait for this host), and UNAVAILABLE with HTTP_HOST_NOT_FOUND,
  //   HTTP_CONNECT_FAILED, HTTP_TLS_FAILED, HTTP_FAILED or SHUTTING_DOWN.
  using Done = absl::AnyInvocable<void(absl::StatusOr<HttpResponse>)>;

  virtual ~HttpClient() = default;

  virtual void Send(HttpRequest request, Done done) = 0;

  // What can be said of a URL before it is called: http or https, a host, no
  // user or password, no fragment, at most 2 048 bytes, no address that is
  // refused. INVALID_ARGUMENT (URL_NOT_ALLOWED); the message goes on after the
  // field's name ("must begin with …").
  virtual absl::Status CheckUrl(const std::string& url) = 0;
};

}  // namespace tutti::control

#endif  // CONTROL_HTTP_CLIENT_HTTP_CLIENT_H_
