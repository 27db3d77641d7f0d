#ifndef CONTROL_HTTP_CLIENT_TRANSFER_H_
#define CONTROL_HTTP_CLIENT_TRANSFER_H_

#include <curl/curl.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/http_client/address_guard.h"
#include "control/http_client/http_client.h"
#include "control/http_client/url.h"

namespace tutti::control {

// HTTP_REQUEST_INVALID: a method, a header or a size that is not sent.
absl::Status CheckHttpRequest(const HttpRequest& request);

// One request as a handle of libcurl's. Of the client's thread.
class Transfer {
 public:
  // `url` is the request's. `guard` outlives it.
  Transfer(HttpRequest request, Url url, HttpClient::Done done, const AddressGuard& guard);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // The handle for a multi handle, made at the first call; null: no memory.
  // `timeout_ms` is what is left of the request's. An empty `ca` is the system's.
  CURL* Begin(long timeout_ms, const std::string& ca);
  CURL* easy() const { return easy_; }
  const std::string& origin() const { return url_.origin; }

  // Calls `done`, with what libcurl says of the handle.
  void End(CURLcode code);
  void Refuse(absl::Status status) { done_(std::move(status)); }

 private:
  static size_t OnBody(char* data, size_t size, size_t count, void* self);
  static size_t OnHeader(char* data, size_t size, size_t count, void* self);
  static curl_socket_t OnOpenSocket(void* self, curlsocktype purpose, curl_sockaddr* address);
  absl::StatusOr<HttpResponse> Result(CURLcode code);

  const HttpRequest request_;
  const Url url_;
  HttpClient::Done done_;
  const AddressGuard& guard_;
  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::string body_;
  size_t header_bytes_ = 0;
  // The response's body was longer than the request allows.
  bool is_too_large_ = false;
  // An address of the host was refused.
  bool is_refused_ = false;
};

}  // namespace tutti::control

#endif  // CONTROL_HTTP_CLIENT_TRANSFER_H_
