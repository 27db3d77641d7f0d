#include "common/s3/bucket.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/s3/xml.h"
#include "common/status/status.h"

namespace tutti::s3 {
namespace {

constexpr char kUnavailable[] = "OBJECT_STORE_UNAVAILABLE";
// Kept for later calls; more than work at a time are closed.
constexpr size_t kIdleMax = 8;

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string Part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return "";
  std::string copy(text);
  curl_free(text);
  return copy;
}

bool IsLineOf(const std::string& text, bool (*allowed)(unsigned char)) {
  return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

// "host" or "host:port", as libcurl connects to; nothing else is in an endpoint.
absl::StatusOr<std::string> HostOf(const std::string& endpoint) {
  const absl::Status bad =
      absl::InvalidArgumentError("object_store.endpoint is no URL of a server: https://HOST[:PORT]");
  const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
  if (url == nullptr || curl_url_set(url.get(), CURLUPART_URL, endpoint.c_str(), 0) != CURLUE_OK) return bad;
  const std::string scheme = Part(url.get(), CURLUPART_SCHEME);
  const std::string host = Part(url.get(), CURLUPART_HOST);
  const std::string port = Part(url.get(), CURLUPART_PORT);
  const std::string with_port = port.empty() ? host : absl::StrCat(host, ":", port);
  if ((scheme != "http" && scheme != "https") || endpoint != absl::StrCat(scheme, "://", with_port)) return bad;
  const bool is_default = port == (scheme == "http" ? "80" : "443");
  return is_default ? host : with_port;
}

// What the server says of a request that failed.
absl::Status Failure(const Answer& answer) {
  const std::string code = FindElement(answer.body, "Code");
  const std::string what =
      absl::StrCat("The object store answers ", answer.status, code.empty() ? "" : absl::StrCat(" (", code, ")"), ".");
  if (answer.status >= 500 || answer.status == 408 || answer.status == 429 || code == "InternalError" ||
      code == "SlowDown" || code == "RequestTimeout" || code == "ServiceUnavailable") {
    return Error(absl::StatusCode::kUnavailable, kUnavailable, what);
  }
  // NoSuchBucket is the operator's to mend.
  if (answer.status == 404 && code != "NoSuchBucket") {
    return Error(absl::StatusCode::kNotFound, "OBJECT_NOT_FOUND", what);
  }
  const bool denied = answer.status == 401 || answer.status == 403;
  return Error(denied ? absl::StatusCode::kPermissionDenied : absl::StatusCode::kFailedPrecondition,
               "OBJECT_STORE_REFUSED", what);
}

// A 2xx may hold an error that came up after it had begun.
absl::Status CheckBody(const Answer& answer) {
  if (!absl::StrContains(answer.body, "<Error>")) return absl::OkStatus();
  return Failure(answer);
}

}  // namespace

struct Bucket::Call {
  std::string method;
  std::string key;
  std::map<std::string, std::string> query = {};
  std::string content_type = {};
  std::string range = {};
  std::string_view body = {};
  Sink sink = nullptr;
  std::function<bool()> is_cancelled = nullptr;
};

absl::StatusOr<std::unique_ptr<Bucket>> Bucket::Make(BucketOptions options, Clock& clock) {
  TUTTI_ASSIGN_OR_RETURN(std::string host, HostOf(options.endpoint));
  const auto is_name = [](unsigned char c) { return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_'; };
  const auto is_visible = [](unsigned char c) { return static_cast<bool>(absl::ascii_isgraph(c)); };
  if (!IsLineOf(options.bucket, is_name))
    return absl::InvalidArgumentError("object_store.bucket is no name of a bucket");
  if (!IsLineOf(options.region, is_name))
    return absl::InvalidArgumentError("object_store.region is no name of a region");
  if (!IsLineOf(options.access_key_id, is_visible) || !IsLineOf(options.secret_access_key, is_visible)) {
    return absl::InvalidArgumentError(
        "object_store.access_key_id and secret_access_key are both needed, of visible ASCII");
  }
  return std::unique_ptr<Bucket>(new Bucket(std::move(options), std::move(host), clock));
}

Bucket::Bucket(BucketOptions options, std::string host, Clock& clock)
    : options_(std::move(options)), host_(std::move(host)), clock_(clock) {}

Bucket::~Bucket() {
  for (CURL* handle : idle_) curl_easy_cleanup(handle);
}

CURL* Bucket::Borrow() {
  absl::MutexLock lock(&mutex_);
  if (idle_.empty()) return curl_easy_init();
  CURL* handle = idle_.back();
  idle_.pop_back();
  return handle;
}

void Bucket::GiveBack(CURL* handle) {
  {
    absl::MutexLock lock(&mutex_);
    if (idle_.size() < kIdleMax) {
      idle_.push_back(handle);
      return;
    }
  }
  curl_easy_cleanup(handle);
}

absl::StatusOr<Answer> Bucket::Send(const Call& call) {
  SignedParts parts{
      .method = call.method,
      .path = absl::StrCat("/", options_.bucket, "/", UriEncode(options_.prefix + call.key, true)),
      .query = call.query,
      .headers = {
          {"host", host_}, {"x-amz-date", AmzDate(clock_.Now())}, {"x-amz-content-sha256", Sha256Hex(call.body)}}};
  if (!call.content_type.empty()) parts.headers["content-type"] = call.content_type;
  if (!call.range.empty()) parts.headers["range"] = call.range;

  Exchange exchange{
      .method = call.method,
      .url = absl::StrCat(options_.endpoint, parts.path, call.query.empty() ? "" : "?", CanonicalQuery(call.query)),
      .headers = parts.headers,
      .body = call.body,
      .sink = call.sink,
      .ca = options_.ca,
      .connect_timeout = options_.connect_timeout,
      .idle_timeout = options_.idle_timeout};
  exchange.headers["authorization"] =
      Authorization(parts, {options_.access_key_id, options_.secret_access_key, options_.region});
  CURL* handle = Borrow();
  if (handle == nullptr) return Error(absl::StatusCode::kUnavailable, kUnavailable, "There is no memory for libcurl.");
  const auto give_back = absl::MakeCleanup([&] { GiveBack(handle); });
  TUTTI_ASSIGN_OR_RETURN(Answer answer, Run(handle, exchange));
  if (answer.status / 100 != 2) return Failure(answer);
  return answer;
}

absl::Status Bucket::Put(const std::string& key, const std::string& content_type, std::string_view body) {
  return Send({.method = "PUT", .key = key, .content_type = content_type, .body = body}).status();
}

absl::StatusOr<int64_t> Bucket::Size(const std::string& key) {
  TUTTI_ASSIGN_OR_RETURN(const Answer answer, Send({.method = "HEAD", .key = key}));
  return answer.content_length;
}

absl::Status Bucket::Get(const std::string& key, int64_t offset, int64_t length, const Sink& sink,
                         const std::function<bool()>& is_cancelled) {
  if (length == 0) return absl::OkStatus();
  int64_t got = 0;
  const Sink counted = [&](std::string_view bytes) {
    // A server that doesn't know ranges sends all.
    got += static_cast<int64_t>(bytes.size());
    return got <= length && sink(bytes);
  };
  const auto answer = Send({.method = "GET",
                            .key = key,
                            .range = absl::StrCat("bytes=", offset, "-", offset + length - 1),
                            .sink = counted,
                            .is_cancelled = is_cancelled});
  if (got > length || (answer.ok() && got < length)) {
    return Error(absl::StatusCode::kFailedPrecondition, "OBJECT_STORE_REFUSED",
                 "The object store doesn't give the range that it was asked for.");
  }
  return answer.status();
}

absl::Status Bucket::Delete(const std::string& key) {
  const absl::Status status = Send({.method = "DELETE", .key = key}).status();
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

absl::StatusOr<std::string> Bucket::BeginUpload(const std::string& key, const std::string& content_type) {
  TUTTI_ASSIGN_OR_RETURN(
      const Answer answer,
      Send({.method = "POST", .key = key, .query = {{"uploads", ""}}, .content_type = content_type}));
  std::string id = FindElement(answer.body, "UploadId");
  if (!id.empty()) return id;
  return Error(absl::StatusCode::kFailedPrecondition, "OBJECT_STORE_REFUSED",
               "The object store begins an upload without an id.");
}

absl::StatusOr<std::string> Bucket::PutPart(const std::string& key, const std::string& upload_id, int number,
                                            std::string_view body) {
  TUTTI_ASSIGN_OR_RETURN(Answer answer, Send({.method = "PUT",
                                              .key = key,
                                              .query = {{"partNumber", absl::StrCat(number)}, {"uploadId", upload_id}},
                                              .body = body}));
  if (!answer.etag.empty()) return std::move(answer.etag);
  return Error(absl::StatusCode::kFailedPrecondition, "OBJECT_STORE_REFUSED",
               "The object store takes a part without an ETag.");
}

absl::Status Bucket::EndUpload(const std::string& key, const std::string& upload_id,
                               const std::vector<std::string>& etags) {
  std::string body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (size_t i = 0; i < etags.size(); ++i) {
    absl::StrAppend(&body, "<Part><PartNumber>", i + 1, "</PartNumber><ETag>", etags[i], "</ETag></Part>");
  }
  body += "</CompleteMultipartUpload>";
  TUTTI_ASSIGN_OR_RETURN(const Answer answer, Send({.method = "POST",
                                                    .key = key,
                                                    .query = {{"uploadId", upload_id}},
                                                    .content_type = "application/xml",
                                                    .body = body}));
  return CheckBody(answer);
}

absl::Status Bucket::AbortUpload(const std::string& key, const std::string& upload_id) {
  const absl::Status status = Send({.method = "DELETE", .key = key, .query = {{"uploadId", upload_id}}}).status();
  // Nor can a server be made to that doesn't know how.
  return absl::IsNotFound(status) || absl::IsFailedPrecondition(status) ? absl::OkStatus() : status;
}

}  // namespace tutti::s3
