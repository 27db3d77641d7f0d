#include "common/s3/exchange.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::s3 {
namespace {

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct Transfer {
  CURL* handle;
  const Exchange& exchange;
  Answer answer;
  bool refused_by_sink = false;
};

size_t OnBody(char* data, size_t size, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const size_t bytes = size * count;
  long status = 0;
  curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
  if (status / 100 == 2 && transfer.exchange.sink != nullptr) {
    transfer.refused_by_sink = !transfer.exchange.sink({data, bytes});
    return transfer.refused_by_sink ? 0 : bytes;
  }
  if (transfer.answer.body.size() + bytes > kAnswerBytesMax) return 0;
  transfer.answer.body.append(data, bytes);
  return bytes;
}

int OnProgress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(context)->exchange.is_cancelled() ? 1 : 0;
}

absl::Status Unavailable(CURLcode code) {
  const std::string why = code == CURLE_OPERATION_TIMEDOUT ? "it didn't answer in time" : curl_easy_strerror(code);
  return Error(absl::StatusCode::kUnavailable, "OBJECT_STORE_UNAVAILABLE",
               absl::StrCat("The object store can't be used: ", why, "."));
}

}  // namespace

absl::StatusOr<Answer> Run(CURL* handle, const Exchange& exchange) {
  Transfer transfer{.handle = handle, .exchange = exchange, .answer = {}};
  curl_easy_reset(handle);
  const auto set = [handle](CURLoption option, auto value) { curl_easy_setopt(handle, option, value); };
  set(CURLOPT_URL, exchange.url.c_str());
  // Signed as it is.
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NETRC, long{CURL_NETRC_IGNORED});
  set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(exchange.connect_timeout)));
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(absl::ToInt64Seconds(exchange.idle_timeout)));
  if (!exchange.ca.empty()) set(CURLOPT_CAINFO, exchange.ca.c_str());
  set(CURLOPT_WRITEFUNCTION, &OnBody);
  set(CURLOPT_WRITEDATA, &transfer);
  if (exchange.is_cancelled != nullptr) {
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &OnProgress);
    set(CURLOPT_XFERINFODATA, &transfer);
  }
  if (exchange.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (exchange.method != "GET") {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(exchange.body.size()));
    set(CURLOPT_POSTFIELDS, exchange.body.data());
    set(CURLOPT_CUSTOMREQUEST, exchange.method.c_str());
  }
  // Without a value: not sent, though libcurl would.
  curl_slist* lines = curl_slist_append(nullptr, "Expect:");
  if (exchange.headers.count("content-type") == 0) lines = curl_slist_append(lines, "Content-Type:");
  for (const auto& [name, value] : exchange.headers) {
    lines = curl_slist_append(lines, absl::StrCat(name, ": ", value).c_str());
  }
  const std::unique_ptr<curl_slist, ListDeleter> owned(lines);
  set(CURLOPT_HTTPHEADER, lines);

  const CURLcode code = curl_easy_perform(handle);
  // What it points to ends here.
  set(CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
  if (transfer.refused_by_sink || code == CURLE_ABORTED_BY_CALLBACK) return absl::CancelledError("no more is wanted");
  if (code != CURLE_OK) return Unavailable(code);
  long status = 0;
  curl_off_t length = 0;
  curl_header* etag = nullptr;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (curl_easy_header(handle, "ETag", 0, CURLH_HEADER, -1, &etag) == CURLHE_OK) transfer.answer.etag = etag->value;
  transfer.answer.status = static_cast<int>(status);
  transfer.answer.content_length = length;
  return std::move(transfer.answer);
}

}  // namespace tutti::s3
