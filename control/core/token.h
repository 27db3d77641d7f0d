#ifndef CONTROL_CORE_TOKEN_H_
#define CONTROL_CORE_TOKEN_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace tutti::control {

// Signs and veils what a client carries back to us (page tokens, cursors), so that
// it can be neither read (a cursor would tell how much all customers do) nor made
// up. The same payload always gives the same text. Immutable, thread-safe.
class TokenSigner {
 public:
  // `secret`: at least 16 random bytes, the same in all replicas.
  explicit TokenSigner(std::string secret) : secret_(std::move(secret)) {}

  // Text for URLs. `scope` is what the token is for: kind, customer, filters; it
  // is not in the token, and must be the same to open it.
  std::string Sign(const std::string& scope, const std::string& payload) const;
  // The payload; nothing where the token is not ours or of another scope.
  std::optional<std::string> Open(const std::string& scope, const std::string& token) const;

 private:
  std::string Mac(const std::string& scope, const std::string& payload) const;
  // Turns a payload into noise, and noise into the payload.
  std::string Veil(const std::string& mac, std::string bytes) const;

  std::string secret_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_TOKEN_H_
