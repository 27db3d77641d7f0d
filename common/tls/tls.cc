#include "common/tls/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;

absl::Status Refuse(const char* setting, const std::string& path, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("tls.", setting, ": ", path, " ", what));
}

// OpenSSL's first word on it.
std::string Why() {
  const unsigned long error = ERR_get_error();  // NOLINT(google-runtime-int)
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(error);
  return reason == nullptr ? "unknown error" : reason;
}

absl::StatusOr<std::string> ReadPem(const char* setting, const std::string& path) {
  if (path.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("tls.", setting, " is missing: TLS needs tls.certificate, tls.key and tls.ca"));
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.empty()) return Refuse(setting, path, "can't be read or is empty");
  if (text.size() > kFileBytesMax) return Refuse(setting, path, "is over 1 MiB");
  return text;
}

// Nobody is there to be asked for the password of a key.
int NoPassword(char*, int, int, void*) { return -1; }

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

// Takes the files as a server would.
absl::Status Check(const config::v1::Tls& files) {
  ERR_clear_error();
  const std::unique_ptr<SSL_CTX, FreeContext> context(SSL_CTX_new(TLS_method()));
  if (context == nullptr) return absl::InternalError(absl::StrCat("OpenSSL makes no context: ", Why()));
  SSL_CTX_set_default_passwd_cb(context.get(), NoPassword);
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate().c_str()) != 1) {
    return Refuse("certificate", files.certificate(), absl::StrCat("is no usable certificate chain in PEM: ", Why()));
  }
  // Compares it with the certificate, too.
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key().c_str(), SSL_FILETYPE_PEM) != 1) {
    const int reason = ERR_GET_REASON(ERR_peek_last_error());
    if (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH) {
      return Refuse("key", files.key(), absl::StrCat("is not the key of ", files.certificate()));
    }
    return Refuse("key", files.key(), absl::StrCat("is no private key in PEM without a password: ", Why()));
  }
  if (SSL_CTX_load_verify_file(context.get(), files.ca().c_str()) != 1) {
    return Refuse("ca", files.ca(), absl::StrCat("has no certificates in PEM: ", Why()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Tls>> LoadTls(const config::v1::Config& config) {
  if (!config.has_tls()) return std::shared_ptr<const Tls>();
  auto tls = std::make_shared<Tls>();
  TUTTI_ASSIGN_OR_RETURN(tls->certificate, ReadPem("certificate", config.tls().certificate()));
  TUTTI_ASSIGN_OR_RETURN(tls->key, ReadPem("key", config.tls().key()));
  TUTTI_ASSIGN_OR_RETURN(tls->ca, ReadPem("ca", config.tls().ca()));
  TUTTI_RETURN_IF_ERROR(Check(config.tls()));
  return std::shared_ptr<const Tls>(std::move(tls));
}

}  // namespace tutti
