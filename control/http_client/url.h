#ifndef CONTROL_HTTP_CLIENT_URL_H_
#define CONTROL_HTTP_CLIENT_URL_H_

#include <curl/curl.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "control/http_client/address_guard.h"

namespace tutti::control {

struct CurlUrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

// A URL as libcurl reads it, which is what it then calls: no second parser that
// could see another host.
struct Url {
  std::unique_ptr<CURLU, CurlUrlDeleter> handle;
  // "https://example.com:443", in lower case.
  std::string origin;
};

// INVALID_ARGUMENT (URL_NOT_ALLOWED) as HttpClient::CheckUrl says.
absl::StatusOr<Url> ParseUrl(const std::string& url, const AddressGuard& guard);

}  // namespace tutti::control

#endif  // CONTROL_HTTP_CLIENT_URL_H_
