#include "common/language/language.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"

namespace tutti {
namespace {

constexpr size_t kTagBytesMax = 64;
constexpr size_t kSubtagBytesMax = 8;

bool SameLetter(char a, char b) { return absl::ascii_tolower(a) == absl::ascii_tolower(b); }

// Is `prefix` the whole tag, or its beginning up to a '-'?
bool BeginsTag(std::string_view tag, std::string_view prefix) {
  if (tag.size() < prefix.size() || !std::equal(prefix.begin(), prefix.end(), tag.begin(), SameLetter)) return false;
  return tag.size() == prefix.size() || tag[prefix.size()] == '-';
}

}  // namespace

int LanguageFit(std::string_view offered, std::string_view wanted) {
  if (offered.empty() || wanted.empty()) return 0;
  if (BeginsTag(wanted, offered)) return 1 + static_cast<int>(offered.size());
  return BeginsTag(offered, wanted) ? 1 : 0;
}

const std::string* BestLanguage(const std::vector<std::string>& offered, std::string_view wanted) {
  const std::string* best = nullptr;
  int best_fit = 0;
  for (const std::string& each : offered) {
    const int fit = LanguageFit(each, wanted);
    if (fit <= best_fit) continue;
    best = &each;
    best_fit = fit;
  }
  return best;
}

bool IsLanguageTag(std::string_view text) {
  if (text.empty() || text.size() > kTagBytesMax) return false;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find('-', begin), text.size());
    const std::string_view subtag = text.substr(begin, end - begin);
    if (subtag.empty() || subtag.size() > kSubtagBytesMax) return false;
    for (const char c : subtag) {
      if (!(begin == 0 ? absl::ascii_isalpha(c) : absl::ascii_isalnum(c))) return false;
    }
    begin = end + 1;
  }
  return true;
}

}  // namespace tutti
