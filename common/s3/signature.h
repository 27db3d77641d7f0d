#ifndef COMMON_S3_SIGNATURE_H_
#define COMMON_S3_SIGNATURE_H_

#include <map>
#include <string>
#include <string_view>

#include "absl/time/time.h"

// AWS Signature Version 4 for S3: "Authenticating Requests: Using the
// Authorization Header" of the Amazon S3 API reference.
namespace tutti::s3 {

struct SigningKey {
  std::string access_key_id;
  std::string secret_access_key;
  std::string region;
};

// What is signed of a request.
struct SignedParts {
  std::string method;
  // Encoded: "/bucket/a%20b".
  std::string path;
  // Not encoded; a name without a value ("uploads") has an empty one.
  std::map<std::string, std::string> query;
  // By names in lower case; host, x-amz-date and x-amz-content-sha256 among them.
  std::map<std::string, std::string> headers;
};

// All but letters, digits and "-._~", and '/' where `keep_slashes`, as %XX.
std::string UriEncode(std::string_view text, bool keep_slashes);

// "a=1&uploads=", sorted and encoded: as signed, and as sent.
std::string CanonicalQuery(const std::map<std::string, std::string>& query);

// In hexadecimal; for x-amz-content-sha256.
std::string Sha256Hex(std::string_view bytes);

// "20130524T000000Z".
std::string AmzDate(absl::Time time);

// The value of the header Authorization. The time and the body's hash are those of
// the headers.
std::string Authorization(const SignedParts& request, const SigningKey& key);

}  // namespace tutti::s3

#endif  // COMMON_S3_SIGNATURE_H_
