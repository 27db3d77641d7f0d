#include "control/http_client/transfer.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

constexpr size_t kHeadersMax = 64;
constexpr size_t kHeaderBytesMax = 8 * 1'024;
constexpr size_t kResponseHeaderBytesMax = 64 * 1'024;
constexpr long kConnectTimeoutMs = 5'000;

constexpr const char* kMethods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
// How the message is carried is ours to say.
constexpr const char* kCarriers[] = {"host",    "content-length",   "transfer-encoding", "connection",
                                     "expect",  "upgrade",          "keep-alive",        "te",
                                     "trailer", "proxy-connection", "accept-encoding"};

absl::Status Invalid(const std::string& what) {
  return Error(absl::StatusCode::kInvalidArgument, "HTTP_REQUEST_INVALID", what);
}

absl::Status Unavailable(const char* reason, const std::string& what) {
  return Error(absl::StatusCode::kUnavailable, reason, what);
}

// RFC 9110 section 5.6.2.
bool IsToken(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("!#$%&'*+-.^_`|~", c);
  });
}

bool IsFieldValue(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\t' || !absl::ascii_iscntrl(static_cast<unsigned char>(c)); });
}

}  // namespace

absl::Status CheckHttpRequest(const HttpRequest& request) {
  const auto is_method = [&](const char* method) { return request.method == method; };
  if (std::none_of(std::begin(kMethods), std::end(kMethods), is_method)) return Invalid("the method is not known");
  if (request.body.size() > kHttpRequestBytesMax) {
    return Invalid(absl::StrCat("the body has more than ", kHttpRequestBytesMax, " bytes"));
  }
  if (request.headers.size() > kHeadersMax)
    return Invalid(absl::StrCat("there are more than ", kHeadersMax, " headers"));
  for (const auto& [name, value] : request.headers) {
    if (!IsToken(name) || !IsFieldValue(value) || name.size() + value.size() > kHeaderBytesMax) {
      return Invalid("a header has a name or a value that can't be sent");
    }
    const std::string lower = absl::AsciiStrToLower(name);
    const auto is_carrier = [&](const char* carrier) { return lower == carrier; };
    if (std::any_of(std::begin(kCarriers), std::end(kCarriers), is_carrier)) {
      return Invalid(absl::StrCat("the header ", lower, " is not the caller's to set"));
    }
  }
  return absl::OkStatus();
}

Transfer::Transfer(HttpRequest request, Url url, HttpClient::Done done, const AddressGuard& guard)
    : request_(std::move(request)), url_(std::move(url)), done_(std::move(done)), guard_(guard) {}

Transfer::~Transfer() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
}

CURL* Transfer::Begin(long timeout_ms, const std::string& ca) {
  easy_ = curl_easy_init();
  if (easy_ == nullptr) return nullptr;
  const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(easy_, option, value); };
  set(CURLOPT_CURLU, url_.handle.get());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  // Not the environment's either.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NETRC, long{CURL_NETRC_IGNORED});
  set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(CURLOPT_NOSIGNAL, 1L);
  // A resolver that hangs is left behind; waiting for it would hold up all others.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_TIMEOUT_MS, std::max(timeout_ms, 1L));
  set(CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  if (!ca.empty()) set(CURLOPT_CAINFO, ca.c_str());
  set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::OnOpenSocket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  set(CURLOPT_HEADERDATA, this);
  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request_.method != "GET" || !request_.body.empty()) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.data());
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  // An empty value makes libcurl leave the header out: ours are there with none.
  headers_ = curl_slist_append(headers_, "Expect:");
  bool has_type = false;
  for (const auto& [name, value] : request_.headers) {
    has_type = has_type || absl::EqualsIgnoreCase(name, "content-type");
    const std::string line = value.empty() ? absl::StrCat(name, ";") : absl::StrCat(name, ": ", value);
    headers_ = curl_slist_append(headers_, line.c_str());
  }
  // libcurl's default is that of a form.
  if (!has_type) headers_ = curl_slist_append(headers_, "Content-Type:");
  set(CURLOPT_HTTPHEADER, headers_);
  return easy_;
}

void Transfer::End(CURLcode code) { done_(Result(code)); }

absl::StatusOr<HttpResponse> Transfer::Result(CURLcode code) {
  HttpResponse response;
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  const bool is_cut = is_too_large_ && request_.cut_response;
  if (code == CURLE_OK || is_cut) {
    char* type = nullptr;
    curl_easy_getinfo(easy_, CURLINFO_CONTENT_TYPE, &type);
    if (type != nullptr) response.content_type = type;
    curl_header* etag = nullptr;
    if (curl_easy_header(easy_, "ETag", 0, CURLH_HEADER, -1, &etag) == CURLHE_OK) response.etag = etag->value;
    response.body = std::move(body_);
    return response;
  }
  if (is_too_large_) {
    return Error(absl::StatusCode::kFailedPrecondition, "HTTP_RESPONSE_TOO_LARGE",
                 absl::StrCat("the response has more than ", request_.response_bytes_max, " bytes"));
  }
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Error(absl::StatusCode::kDeadlineExceeded, "HTTP_TIMEOUT", "there was no whole response in time");
    case CURLE_COULDNT_RESOLVE_HOST:
      return Unavailable("HTTP_HOST_NOT_FOUND", "the host's name can't be resolved");
    case CURLE_COULDNT_CONNECT:
      if (is_refused_) {
        return Error(absl::StatusCode::kPermissionDenied, "URL_NOT_ALLOWED",
                     "the host has a private address, which the configuration does not allow");
      }
      return Unavailable("HTTP_CONNECT_FAILED", "the host can't be connected to");
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return Unavailable("HTTP_TLS_FAILED", absl::StrCat("TLS: ", curl_easy_strerror(code)));
    default:
      return Unavailable("HTTP_FAILED", curl_easy_strerror(code));
  }
}

size_t Transfer::OnBody(char* data, size_t size, size_t count, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  const size_t bytes = size * count;
  const size_t room = transfer.request_.response_bytes_max - transfer.body_.size();
  transfer.body_.append(data, std::min(bytes, room));
  if (bytes <= room) return bytes;
  transfer.is_too_large_ = true;
  return 0;
}

size_t Transfer::OnHeader(char*, size_t size, size_t count, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  transfer.header_bytes_ += size * count;
  return transfer.header_bytes_ <= kResponseHeaderBytesMax ? size * count : 0;
}

curl_socket_t Transfer::OnOpenSocket(void* self, curlsocktype, curl_sockaddr* address) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  if (!transfer.guard_.IsAllowed(address->addr)) {
    transfer.is_refused_ = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace tutti::control
