#include "common/tls/test_authority.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "gtest/gtest.h"

namespace tutti {
namespace {

// Far from every clock that a test may run by: 1 January 2000 to 2049.
constexpr char kNotBefore[] = "20000101000000Z";
constexpr char kNotAfter[] = "20491231000000Z";

std::shared_ptr<EVP_PKEY> MakeKey() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

template <typename Write>
std::string ToPem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  EXPECT_EQ(write(bio.get()), 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);  // NOLINT(google-runtime-int)
  return std::string(bytes, static_cast<size_t>(size));
}

std::string ToPem(X509* certificate) {
  return ToPem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

void Extend(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  ASSERT_NE(extension, nullptr) << value;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Not signed yet.
std::shared_ptr<X509> MakeCertificate(const std::string& name, EVP_PKEY* key, int serial) {
  std::shared_ptr<X509> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate.get()), kNotBefore);
  ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate.get()), kNotAfter);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

}  // namespace

TestAuthority::TestAuthority() : key_(MakeKey()), certificate_(MakeCertificate("test authority", key_.get(), 1)) {
  X509* certificate = certificate_.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  Extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  Extend(certificate, certificate, NID_key_usage, "critical,keyCertSign");
  Extend(certificate, certificate, NID_subject_key_identifier, "hash");
  EXPECT_GT(X509_sign(certificate, key_.get(), EVP_sha256()), 0);
  ca_ = ToPem(certificate);
}

std::shared_ptr<const Tls> TestAuthority::Issue(const std::string& names) const {
  const auto key = MakeKey();
  const auto certificate = MakeCertificate("tutti", key.get(), 2);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
  Extend(certificate.get(), certificate_.get(), NID_subject_alt_name, names.c_str());
  Extend(certificate.get(), certificate_.get(), NID_ext_key_usage, "serverAuth,clientAuth");
  EXPECT_GT(X509_sign(certificate.get(), key_.get(), EVP_sha256()), 0);
  auto tls = std::make_shared<Tls>();
  tls->certificate = ToPem(certificate.get());
  tls->key =
      ToPem([&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  tls->ca = ca_;
  return tls;
}

}  // namespace tutti
