#include "control/sound/spoken_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

constexpr size_t kTextBytesMax = 4'096;
constexpr size_t kNameBytesMax = 64;

absl::Status Invalid(const std::string& field, const std::string& what) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", absl::StrCat(field, " ", what),
               {{"field", field}});
}

// Of a language or a voice.
bool IsName(const std::string& name) {
  return name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
         });
}

}  // namespace

absl::Status CheckSpokenText(const SpokenText& text, const std::string& place) {
  if (text.text.empty()) {
    const std::string field = absl::StrCat(place, "text");
    return Error(absl::StatusCode::kInvalidArgument, "MISSING_REQUEST_PARAMETER", absl::StrCat(field, " is required"),
                 {{"field", field}});
  }
  if (text.text.size() > kTextBytesMax) {
    return Invalid(absl::StrCat(place, "text"), absl::StrCat("must have at most ", kTextBytesMax, " bytes"));
  }
  if (!IsName(text.language)) return Invalid(absl::StrCat(place, "language"), "must be a language tag as en-US");
  if (!IsName(text.voice)) return Invalid(absl::StrCat(place, "voice"), "must be the name of a voice");
  return absl::OkStatus();
}

}  // namespace tutti::control
