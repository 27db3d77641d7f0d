#include "gateway/openapi/comments.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tutti::gateway {

std::string CleanComment(const std::string& raw) {
  std::string text;
  bool paragraph_ended = false;
  for (const absl::string_view line : absl::StrSplit(raw, '\n')) {
    const absl::string_view words = absl::StripAsciiWhitespace(line);
    if (words.empty()) {
      paragraph_ended = true;
    } else {
      absl::StrAppend(&text, text.empty() ? "" : paragraph_ended ? "\n\n" : " ", words);
      paragraph_ended = false;
    }
  }
  return text;
}

std::string FirstSentence(const std::string& text) {
  const size_t end = std::min({text.find(". "), text.find(": "), text.find("\n\n"), text.size()});
  std::string sentence = text.substr(0, end);
  if (!sentence.empty() && sentence.back() == '.') sentence.pop_back();
  return sentence;
}

}  // namespace tutti::gateway
