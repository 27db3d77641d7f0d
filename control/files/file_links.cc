#include "control/files/file_links.h"

#include <cstdint>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tutti::control {
namespace {

std::string Scope(const std::string& file_id) { return absl::StrCat("recording_file/", file_id); }

}  // namespace

std::string FileLinks::Make(const std::string& file_id, absl::Time expiry) const {
  return signer_.Sign(Scope(file_id), absl::StrCat(absl::ToUnixSeconds(expiry)));
}

bool FileLinks::Holds(const std::string& file_id, const std::string& token) const {
  const std::optional<std::string> payload = signer_.Open(Scope(file_id), token);
  int64_t expiry_s = 0;
  return payload.has_value() && absl::SimpleAtoi(*payload, &expiry_s) && clock_.Now() < absl::FromUnixSeconds(expiry_s);
}

}  // namespace tutti::control
