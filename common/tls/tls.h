#ifndef COMMON_TLS_TLS_H_
#define COMMON_TLS_TLS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tutti/config/v1/config.pb.h"

namespace tutti {

// What a process needs to speak TLS: PEM texts that are known to fit together.
struct Tls {
  // The servers' chain, the leaf first. Also what we show as a client.
  std::string certificate;
  std::string key;
  // The authorities that our connections trust.
  std::string ca;
};

// Null where the configuration has no `tls`. INVALID_ARGUMENT with one sentence
// that names the setting and its file: one is missing, can't be read, is no PEM,
// is too weak, or the key is not the certificate's.
absl::StatusOr<std::shared_ptr<const Tls>> LoadTls(const config::v1::Config& config);

}  // namespace tutti

#endif  // COMMON_TLS_TLS_H_
