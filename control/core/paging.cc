#include "control/core/paging.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tutti::control {

absl::StatusOr<PageStart> OpenPageToken(const TokenSigner& signer, const std::string& scope, const std::string& token) {
  PageStart start;
  if (token.empty()) return start;
  const std::optional<std::string> payload = signer.Open(scope, token);
  if (!payload.has_value()) {
    return InvalidParameter("page_token", "is not from an answer to the same list with the same filters");
  }
  const std::pair<std::string, std::string> parts = absl::StrSplit(*payload, absl::MaxSplits(':', 1));
  if (!absl::SimpleAtoi(parts.first, &start.tm_create_us)) return absl::InternalError("a signed page token is broken");
  start.id = parts.second;
  return start;
}

std::string MakePageToken(const TokenSigner& signer, const std::string& scope, int64_t position,
                          const std::string& id) {
  return signer.Sign(scope, absl::StrCat(position, ":", id));
}

}  // namespace tutti::control
