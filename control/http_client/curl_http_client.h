#ifndef CONTROL_HTTP_CLIENT_CURL_HTTP_CLIENT_H_
#define CONTROL_HTTP_CLIENT_CURL_HTTP_CLIENT_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "control/http_client/address_guard.h"
#include "control/http_client/http_client.h"
#include "control/scheduler/task_queue.h"

namespace tutti::control {

// HttpClient over libcurl on one thread of its own. HTTP/1.1, connections are
// kept for the next request. Each socket's address is checked when it is made,
// after DNS, so a name that changes its mind is of no use. No redirects, proxies
// of the environment, cookies, credentials of a .netrc, or compressed bodies.
class CurlHttpClient final : public HttpClient {
 public:
  struct Options {
    AddressGuard guard;
    // File (PEM) of the authorities that HTTPS servers are checked by; empty: the system's.
    std::string ca;
    // Requests under way at a time. More wait, hosts taking turns.
    int requests_max = 512;
    int host_requests_max = 64;
    // That wait for one host; one more is refused.
    int host_waiting_max = 1'024;
    // For the deadlines of those that wait.
    MonotonicClock monotonic = SystemMonotonicClock();
  };

  explicit CurlHttpClient(Options options);

  // Stops.
  ~CurlHttpClient() override;

  // What is under way ends with SHUTTING_DOWN, and so does what is sent later. Not
  // from a `done`.
  void Stop();

  void Send(HttpRequest request, Done done) override;
  absl::Status CheckUrl(const std::string& url) override;

 private:
  class Loop;
  const std::unique_ptr<Loop> loop_;
};

}  // namespace tutti::control

#endif  // CONTROL_HTTP_CLIENT_CURL_HTTP_CLIENT_H_
