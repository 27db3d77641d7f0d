#ifndef CONTROL_FILES_FILE_LINKS_H_
#define CONTROL_FILES_FILE_LINKS_H_

#include <string>

#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "control/core/token.h"

namespace tutti::control {

// Tokens by which one file can be read without an API key until they expire.
// Thread-safe.
class FileLinks {
 public:
  // `secret` as of TokenSigner; a link holds at every replica. The clock outlives it.
  FileLinks(std::string secret, Clock& clock) : signer_(std::move(secret)), clock_(clock) {}

  std::string Make(const std::string& file_id, absl::Time expiry) const;
  // Is it of this file, and not expired?
  bool Holds(const std::string& file_id, const std::string& token) const;

 private:
  const TokenSigner signer_;
  Clock& clock_;
};

}  // namespace tutti::control

#endif  // CONTROL_FILES_FILE_LINKS_H_
