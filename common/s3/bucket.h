#ifndef COMMON_S3_BUCKET_H_
#define COMMON_S3_BUCKET_H_

#include <curl/curl.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/clock/clock.h"
#include "common/s3/exchange.h"
#include "common/s3/signature.h"

namespace tutti::s3 {

struct BucketOptions {
  // "https://s3.eu-central-1.amazonaws.com": the operator's, so any address.
  std::string endpoint = {};
  std::string region = "us-east-1";
  std::string bucket = {};
  // What every key begins with; may be empty.
  std::string prefix = {};
  std::string access_key_id = {};
  std::string secret_access_key = {};
  // File (PEM) of the authorities that the server is checked by; empty: the system's.
  std::string ca = {};
  absl::Duration connect_timeout = absl::Seconds(5);
  absl::Duration idle_timeout = absl::Seconds(30);
};

// The objects of one bucket of an S3 server, by path ("/bucket/key"), signed.
// Everything blocks. Thread-safe. Neither a message nor a log shows a key.
//
// Errors: UNAVAILABLE (OBJECT_STORE_UNAVAILABLE): out of reach, too slow, overloaded
// or broken: it may work later; NOT_FOUND (OBJECT_NOT_FOUND); PERMISSION_DENIED and
// FAILED_PRECONDITION (OBJECT_STORE_REFUSED): somebody has to mend something.
class Bucket {
 public:
  // INVALID_ARGUMENT with one sentence: the options can't be used. The clock outlives it.
  static absl::StatusOr<std::unique_ptr<Bucket>> Make(BucketOptions options, Clock& clock);
  ~Bucket();

  absl::Status Put(const std::string& key, const std::string& content_type, std::string_view body);
  // Bytes.
  absl::StatusOr<int64_t> Size(const std::string& key);
  // `length` bytes from `offset` on, which the object must have. CANCELLED by the sink
  // or `is_cancelled`, which may be null.
  absl::Status Get(const std::string& key, int64_t offset, int64_t length, const Sink& sink,
                   const std::function<bool()>& is_cancelled = nullptr);
  // One that isn't there is deleted, too.
  absl::Status Delete(const std::string& key);

  // An upload in parts, of at least 5 MiB but the last; its id.
  absl::StatusOr<std::string> BeginUpload(const std::string& key, const std::string& content_type);
  // From 1 on; its ETag.
  absl::StatusOr<std::string> PutPart(const std::string& key, const std::string& upload_id, int number,
                                      std::string_view body);
  absl::Status EndUpload(const std::string& key, const std::string& upload_id, const std::vector<std::string>& etags);
  // One that isn't there is given up, too, or that the server can't give up.
  absl::Status AbortUpload(const std::string& key, const std::string& upload_id);

 private:
  struct Call;

  Bucket(BucketOptions options, std::string host, Clock& clock);
  absl::StatusOr<Answer> Send(const Call& call);
  CURL* Borrow();
  void GiveBack(CURL* handle);

  const BucketOptions options_;
  // As in the header Host.
  const std::string host_;
  Clock& clock_;
  absl::Mutex mutex_;
  // With their connections.
  std::vector<CURL*> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::s3

#endif  // COMMON_S3_BUCKET_H_
