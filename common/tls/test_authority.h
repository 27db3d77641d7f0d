#ifndef COMMON_TLS_TEST_AUTHORITY_H_
#define COMMON_TLS_TEST_AUTHORITY_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "common/tls/tls.h"

namespace tutti {

// A private certificate authority for tests, with keys of its own at each start.
class TestAuthority {
 public:
  TestAuthority();

  // A certificate of this authority for `names` ("IP:127.0.0.1,DNS:localhost"),
  // for servers and clients, and its key.
  std::shared_ptr<const Tls> Issue(const std::string& names) const;

  const std::string& ca() const { return ca_; }

 private:
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
  std::string ca_;
};

}  // namespace tutti

#endif  // COMMON_TLS_TEST_AUTHORITY_H_
