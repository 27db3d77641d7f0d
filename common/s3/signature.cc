#include "common/s3/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace tutti::s3 {
namespace {

constexpr char kAlgorithm[] = "AWS4-HMAC-SHA256";

std::string Hmac(const std::string& key, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest, &size);
  return std::string(reinterpret_cast<char*>(digest), size);
}

}  // namespace

std::string UriEncode(std::string_view text, bool keep_slashes) {
  std::string encoded;
  for (const char c : text) {
    const bool keeps = absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' ||
                       c == '~' || (c == '/' && keep_slashes);
    if (keeps) {
      encoded += c;
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string CanonicalQuery(const std::map<std::string, std::string>& query) {
  // Sorted by the encoded names, which may sort differently than the plain ones.
  std::map<std::string, std::string> encoded;
  for (const auto& [name, value] : query) encoded[UriEncode(name, false)] = UriEncode(value, false);
  return absl::StrJoin(encoded, "&", absl::PairFormatter("="));
}

std::string Sha256Hex(std::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return absl::BytesToHexString({reinterpret_cast<char*>(digest), sizeof(digest)});
}

std::string AmzDate(absl::Time time) { return absl::FormatTime("%Y%m%dT%H%M%SZ", time, absl::UTCTimeZone()); }

std::string Authorization(const SignedParts& request, const SigningKey& key) {
  std::string headers;
  for (const auto& [name, value] : request.headers) absl::StrAppend(&headers, name, ":", value, "\n");
  const std::string names = absl::StrJoin(
      request.headers, ";", [](std::string* out, const auto& header) { absl::StrAppend(out, header.first); });
  const std::string canonical =
      absl::StrCat(request.method, "\n", request.path, "\n", CanonicalQuery(request.query), "\n", headers, "\n", names,
                   "\n", request.headers.at("x-amz-content-sha256"));

  const std::string& time = request.headers.at("x-amz-date");
  const std::string day = time.substr(0, 8);
  const std::string scope = absl::StrCat(day, "/", key.region, "/s3/aws4_request");
  const std::string to_sign = absl::StrCat(kAlgorithm, "\n", time, "\n", scope, "\n", Sha256Hex(canonical));
  const std::string signing_key =
      Hmac(Hmac(Hmac(Hmac(absl::StrCat("AWS4", key.secret_access_key), day), key.region), "s3"), "aws4_request");
  return absl::StrCat(kAlgorithm, " Credential=", key.access_key_id, "/", scope, ",SignedHeaders=", names,
                      ",Signature=", absl::BytesToHexString(Hmac(signing_key, to_sign)));
}

}  // namespace tutti::s3
