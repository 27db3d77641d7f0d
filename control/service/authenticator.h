#ifndef CONTROL_SERVICE_AUTHENTICATOR_H_
#define CONTROL_SERVICE_AUTHENTICATOR_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "control/core/principal.h"
#include "grpcpp/server_context.h"
#include "tutti/config/v1/config.pb.h"

namespace tutti::control {

// The key of "Bearer <key>" (RFC 6750 section 2.1; the scheme in any case of
// letters, RFC 9110 section 11.1): visible ASCII without a space. Nothing where
// `authorization` is anything else.
std::optional<std::string_view> ParseBearer(std::string_view authorization);

// Tells who calls by a static bearer key. Keeps no key, only their SHA-256, so the
// time of a lookup gives none away. Immutable, thread-safe.
class Authenticator {
 public:
  // Without keys: everybody is the default customer.
  Authenticator() = default;

  // INVALID_ARGUMENT with one sentence, which never shows a key: a key is not of
  // 16–256 visible ASCII characters, is there twice, or its customer is no UUID.
  static absl::StatusOr<Authenticator> Make(const config::v1::Config& config);

  // By the metadata `authorization`. UNAUTHENTICATED, the same whatever is wrong.
  absl::StatusOr<Principal> Authenticate(const grpc::CallbackServerContext& context) const;

 private:
  // Customers by the SHA-256 of their keys.
  std::map<std::string, std::string> customers_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_AUTHENTICATOR_H_
