#include "control/core/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tutti::control {
namespace {

// Half of SHA-256: 128 bits can't be guessed.
constexpr size_t kMacBytes = 16;
// Ours are far shorter.
constexpr size_t kTokenBytesMax = 512;

}  // namespace

std::string TokenSigner::Mac(const std::string& scope, const std::string& payload) const {
  // The length keeps scope and payload apart.
  const std::string text = absl::StrCat(scope.size(), ":", scope, payload);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return std::string(reinterpret_cast<char*>(digest), kMacBytes);
}

std::string TokenSigner::Sign(const std::string& scope, const std::string& payload) const {
  return absl::WebSafeBase64Escape(Mac(scope, payload) + payload);
}

std::optional<std::string> TokenSigner::Open(const std::string& scope, const std::string& token) const {
  std::string bytes;
  if (token.size() > kTokenBytesMax || !absl::WebSafeBase64Unescape(token, &bytes)) return std::nullopt;
  if (bytes.size() < kMacBytes) return std::nullopt;
  std::string payload = bytes.substr(kMacBytes);
  if (CRYPTO_memcmp(bytes.data(), Mac(scope, payload).data(), kMacBytes) != 0) return std::nullopt;
  return payload;
}

}  // namespace tutti::control
