#include "control/service/authenticator.h"

#include <openssl/sha.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/id/id.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

constexpr char kAuthorization[] = "authorization";
constexpr std::string_view kScheme = "bearer";
constexpr size_t kKeyBytesMin = 16;
constexpr size_t kKeyBytesMax = 256;
constexpr int kKeysMax = 10'000;

bool IsVisible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isgraph(c); });
}

std::string HashOf(std::string_view key) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
  return std::string(reinterpret_cast<char*>(digest), sizeof(digest));
}

}  // namespace

std::optional<std::string_view> ParseBearer(std::string_view authorization) {
  const size_t space = authorization.find(' ');
  if (space != kScheme.size()) return std::nullopt;
  const std::string_view scheme = authorization.substr(0, space);
  if (!absl::EqualsIgnoreCase(absl::string_view(scheme.data(), scheme.size()), kScheme.data())) return std::nullopt;
  const size_t begin = authorization.find_first_not_of(' ', space);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string_view key = authorization.substr(begin);
  if (key.size() > kKeyBytesMax || !IsVisible(key)) return std::nullopt;
  return key;
}

absl::StatusOr<Authenticator> Authenticator::Make(const config::v1::Config& config) {
  Authenticator result;
  if (config.api_key_size() > kKeysMax) return absl::InvalidArgumentError("there are more than 10000 api_key");
  for (int i = 0; i < config.api_key_size(); ++i) {
    const config::v1::ApiKey& entry = config.api_key(i);
    const std::string which = absl::StrCat("api_key number ", i + 1);
    if (entry.key().size() < kKeyBytesMin || entry.key().size() > kKeyBytesMax || !IsVisible(entry.key())) {
      return absl::InvalidArgumentError(
          absl::StrCat(which, ": a key has 16 to 256 printable ASCII characters without spaces"));
    }
    if (!IsUuid(entry.customer_id())) {
      return absl::InvalidArgumentError(absl::StrCat(which, ": customer_id is no UUID in lower case"));
    }
    if (!result.customers_.emplace(HashOf(entry.key()), entry.customer_id()).second) {
      return absl::InvalidArgumentError(absl::StrCat(which, " is the same as one before it"));
    }
  }
  return result;
}

absl::StatusOr<Principal> Authenticator::Authenticate(const grpc::CallbackServerContext& context) const {
  if (customers_.empty()) return DefaultPrincipal();
  const auto [begin, end] = context.client_metadata().equal_range(kAuthorization);
  if (begin != end && std::next(begin) == end) {
    const auto key = ParseBearer(std::string_view(begin->second.data(), begin->second.size()));
    const auto found = key.has_value() ? customers_.find(HashOf(*key)) : customers_.end();
    if (found != customers_.end()) return Principal{found->second};
  }
  return Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED",
               "a valid key is needed, as \"authorization: Bearer <key>\"");
}

}  // namespace tutti::control
