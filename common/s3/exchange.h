#ifndef COMMON_S3_EXCHANGE_H_
#define COMMON_S3_EXCHANGE_H_

#include <curl/curl.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tutti::s3 {

// Takes the bytes of a body as they come, and may block; false: no more is wanted.
using Sink = std::function<bool(std::string_view)>;

// One request over libcurl and its answer.
struct Exchange {
  std::string method;
  std::string url;
  // As sent, Host among them.
  std::map<std::string, std::string> headers;
  std::string_view body = {};
  // Where the body of a 2xx goes; null: into the answer.
  Sink sink = nullptr;
  // Asked at least once a second; true: it is given up. Null: never.
  std::function<bool()> is_cancelled = nullptr;
  // File (PEM) of the authorities that the server is checked by; empty: the system's.
  std::string ca = {};
  // For a connection, and without a byte either way.
  absl::Duration connect_timeout = absl::Seconds(5);
  absl::Duration idle_timeout = absl::Seconds(30);
};

struct Answer {
  int status = 0;
  // Quotes included; empty: none.
  std::string etag;
  int64_t content_length = 0;
  // At most kAnswerBytesMax; of an error or where there is no sink.
  std::string body;
};

inline constexpr size_t kAnswerBytesMax = 64 * 1024;

// With a handle that may have been used before: its connections are used again.
// UNAVAILABLE (OBJECT_STORE_UNAVAILABLE): there was no whole answer; CANCELLED: by
// the sink or is_cancelled. The message names no header and no key.
absl::StatusOr<Answer> Run(CURL* handle, const Exchange& exchange);

}  // namespace tutti::s3

#endif  // COMMON_S3_EXCHANGE_H_
