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
// Of SHA-256.
constexpr size_t kBlockBytes = 32;

std::string Hmac(const std::string& secret, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return std::string(reinterpret_cast<char*>(digest), size);
}

}  // namespace

std::string TokenSigner::Mac(const std::string& scope, const std::string& payload) const {
  // The length keeps scope and payload apart.
  return Hmac(secret_, absl::StrCat(scope.size(), ":", scope, payload)).substr(0, kMacBytes);
}

// A key stream of the mac, which is as good as random (a synthetic initialization
// vector, RFC 5297's idea). The words before it keep it apart from any mac.
std::string TokenSigner::Veil(const std::string& mac, std::string bytes) const {
  std::string stream;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i % kBlockBytes == 0) stream = Hmac(secret_, absl::StrCat("veil ", i / kBlockBytes, " ", mac));
    bytes[i] = static_cast<char>(bytes[i] ^ stream[i % kBlockBytes]);
  }
  return bytes;
}

std::string TokenSigner::Sign(const std::string& scope, const std::string& payload) const {
  const std::string mac = Mac(scope, payload);
  return absl::WebSafeBase64Escape(mac + Veil(mac, payload));
}

std::optional<std::string> TokenSigner::Open(const std::string& scope, const std::string& token) const {
  std::string bytes;
  if (token.size() > kTokenBytesMax || !absl::WebSafeBase64Unescape(token, &bytes)) return std::nullopt;
  if (bytes.size() < kMacBytes) return std::nullopt;
  std::string payload = Veil(bytes.substr(0, kMacBytes), bytes.substr(kMacBytes));
  if (CRYPTO_memcmp(bytes.data(), Mac(scope, payload).data(), kMacBytes) != 0) return std::nullopt;
  return payload;
}

}  // namespace tutti::control
