#include "control/flow/check.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/id/id.h"
#include "common/status/status.h"
#include "control/flow/variables.h"
#include "control/sound/sound_source.h"

namespace tutti::flow {
namespace {

constexpr size_t kNameBytesMax = 64;
constexpr size_t kSoundBytesMax = 2'048;

}  // namespace

absl::Status Wrong(const std::string& place, const std::string& what) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", absl::StrCat(place, " ", what),
               {{"field", place}});
}

absl::Status CheckRange(const std::string& place, int64_t value, int64_t min, int64_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return Wrong(place, absl::StrCat("must be ", min, " to ", max));
}

absl::Status CheckBytes(const std::string& place, const std::string& text, size_t bytes_max) {
  if (text.size() <= bytes_max) return absl::OkStatus();
  return Wrong(place, absl::StrCat("must have at most ", bytes_max, " bytes"));
}

absl::Status CheckRequired(const std::string& place, const std::string& text) {
  if (!text.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, "MISSING_REQUEST_PARAMETER", absl::StrCat(place, " is required"),
               {{"field", place}});
}

absl::Status CheckUuid(const std::string& place, const std::string& text) {
  TUTTI_RETURN_IF_ERROR(CheckRequired(place, text));
  if (HasVariables(text) || IsUuid(text)) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_ID", absl::StrCat(place, " must be a UUID"),
               {{"field", place}});
}

absl::Status CheckSound(const std::string& place, const std::string& sound) {
  TUTTI_RETURN_IF_ERROR(CheckRequired(place, sound));
  TUTTI_RETURN_IF_ERROR(CheckBytes(place, sound, kSoundBytesMax));
  if (HasVariables(sound) || control::ParseSoundSource(sound).ok()) return absl::OkStatus();
  return Wrong(place, "must be a built-in sound, sound:ID, file:NAME or a URL of http or https");
}

absl::Status CheckDigits(const std::string& place, const std::string& digits) {
  const bool all = digits.find_first_not_of("0123456789*#ABCD") == std::string::npos;
  return all ? absl::OkStatus() : Wrong(place, "must be of 0 to 9, *, # and A to D");
}

bool IsName(const std::string& name) {
  return !name.empty() && name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace tutti::flow
