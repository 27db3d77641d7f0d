#include "tools/api_client/http.h"

#include <curl/curl.h>

#include <mutex>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::tools {
namespace {

constexpr size_t kAnswerBytesMax = 8 << 20;
constexpr long kConnectTimeoutMs = 3'000;
constexpr long kTimeoutMs = 10'000;

size_t Append(char* data, size_t size, size_t count, void* user) {
  auto& body = *static_cast<std::string*>(user);
  if (body.size() + size * count > kAnswerBytesMax) return 0;
  body.append(data, size * count);
  return size * count;
}

class CurlTransport final : public HttpTransport {
 public:
  explicit CurlTransport(std::string base_url) : base_url_(std::move(base_url)), handle_(curl_easy_init()) {
    headers_ = curl_slist_append(headers_, "Content-Type: application/json");
    // No "Expect: 100-continue": it would cost a round trip for each large offer.
    headers_ = curl_slist_append(headers_, "Expect:");
  }

  ~CurlTransport() override {
    curl_slist_free_all(headers_);
    curl_easy_cleanup(handle_);
  }

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request) override {
    std::lock_guard lock(mutex_);
    HttpResponse response;
    const std::string url = base_url_ + request.path;
    curl_easy_reset(handle_);
    curl_easy_setopt(handle_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle_, CURLOPT_PROXY, "");
    curl_easy_setopt(handle_, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
    curl_easy_setopt(handle_, CURLOPT_TIMEOUT_MS, kTimeoutMs);
    curl_easy_setopt(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, &Append);
    curl_easy_setopt(handle_, CURLOPT_WRITEDATA, &response.body);
    if (!request.body.empty() || request.method == "POST") {
      curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, request.body.data());
      curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
    }
    if (const CURLcode code = curl_easy_perform(handle_); code != CURLE_OK) {
      return Error(absl::StatusCode::kUnavailable, "GATEWAY_UNREACHABLE",
                   absl::StrCat("No answer from the gateway at ", base_url_, ": ", curl_easy_strerror(code), "."));
    }
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    return response;
  }

 private:
  const std::string base_url_;
  std::mutex mutex_;
  CURL* handle_;
  curl_slist* headers_ = nullptr;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpTransport>> MakeCurlTransport(const std::string& base_url) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (global != CURLE_OK) return Error(absl::StatusCode::kInternal, "HTTP_CLIENT", "libcurl does not start.");
  if (!absl::StartsWith(base_url, "http://") && !absl::StartsWith(base_url, "https://")) {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_GATEWAY_URL",
                 absl::StrCat("The gateway \"", base_url, "\" is not a URL such as http://127.0.0.1:8080."));
  }
  std::string trimmed = base_url;
  while (absl::EndsWith(trimmed, "/")) trimmed.pop_back();
  return std::make_unique<CurlTransport>(trimmed);
}

}  // namespace tutti::tools
