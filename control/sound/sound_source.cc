#include "control/sound/sound_source.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/id/id.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

constexpr size_t kUrlBytesMax = 2'048;
constexpr size_t kFileNameBytesMax = 255;

constexpr std::array<const char*, 4> kBuiltIn = {"beep", "beep_entry", "beep_exit", "hold_music"};

absl::Status Invalid(const std::string& what) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", absl::StrCat("sound ", what),
               {{"field", "sound"}});
}

absl::Status CheckFileName(const std::string& name) {
  if (name.empty() || name.size() > kFileNameBytesMax) {
    return Invalid(absl::StrCat("names a file by 1 to ", kFileNameBytesMax, " bytes"));
  }
  if (std::any_of(name.begin(), name.end(), [](char c) { return absl::ascii_iscntrl(c); })) {
    return Invalid("names a file with a control character");
  }
  for (const auto part : absl::StrSplit(name, '/')) {
    if (part.empty() || part == "." || part == "..") return Invalid("names no file below the sounds folder");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SoundSourceKind> ParseSoundSource(const std::string& source) {
  if (source.empty()) {
    return Error(absl::StatusCode::kInvalidArgument, "MISSING_REQUEST_PARAMETER", "sound is required",
                 {{"field", "sound"}});
  }
  if (std::find(kBuiltIn.begin(), kBuiltIn.end(), source) != kBuiltIn.end()) return SoundSourceKind::kBuiltIn;
  if (absl::StartsWith(source, kUploadSourcePrefix)) {
    if (IsUuid(source.substr(sizeof(kUploadSourcePrefix) - 1))) return SoundSourceKind::kUpload;
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_ID", "sound must be sound: and a UUID",
                 {{"field", "sound"}});
  }
  if (absl::StartsWith(source, kFileSourcePrefix)) {
    TUTTI_RETURN_IF_ERROR(CheckFileName(source.substr(sizeof(kFileSourcePrefix) - 1)));
    return SoundSourceKind::kFile;
  }
  if (absl::StartsWithIgnoreCase(source, "http://") || absl::StartsWithIgnoreCase(source, "https://")) {
    if (source.size() > kUrlBytesMax) return Invalid(absl::StrCat("has a URL of more than ", kUrlBytesMax, " bytes"));
    const bool is_printable = std::all_of(source.begin(), source.end(), [](char c) { return absl::ascii_isgraph(c); });
    if (!is_printable) return Invalid("has a URL with a character that no URL has");
    return SoundSourceKind::kUrl;
  }
  return Invalid("must be beep, beep_entry, beep_exit, hold_music, sound:ID, file:NAME, or an http or https URL");
}

}  // namespace tutti::control
