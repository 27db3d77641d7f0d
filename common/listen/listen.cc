#include "common/listen/listen.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tutti {

absl::Status CheckListenAddress(const std::string& address, bool insecure_listen) {
  const size_t colon = address.rfind(':');
  int port = -1;
  if (colon == std::string::npos || colon == 0 || !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 0 ||
      port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("'", address, "' is no ADDRESS:PORT to listen on"));
  }
  const std::string host = address.substr(0, colon);
  if (insecure_listen || host == "localhost" || host == "[::1]" || absl::StartsWith(host, "127.")) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "listening on ", address, " would be open to others without keys: pass --insecure_listen if that is meant"));
}

}  // namespace tutti
