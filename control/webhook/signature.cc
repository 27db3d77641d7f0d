#include "control/webhook/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tutti::control {

std::string SignWebhook(const std::string& key, const std::string& id, int64_t unix_seconds, const std::string& body) {
  const std::string text = absl::StrCat(id, ".", unix_seconds, ".", body);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest, &size);
  return absl::StrCat("v1,", absl::Base64Escape(std::string(reinterpret_cast<char*>(digest), size)));
}

}  // namespace tutti::control
