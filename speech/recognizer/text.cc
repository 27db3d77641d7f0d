#include "speech/recognizer/text.h"

#include "absl/strings/ascii.h"
#include "common/text/utf8.h"

namespace tutti::speech {
namespace {

bool EndsWord(char c) { return absl::ascii_isspace(c) || absl::ascii_iscntrl(c); }

}  // namespace

std::string PlainWords(std::string_view text) {
  std::string plain;
  if (!IsUtf8(text)) return plain;
  for (size_t i = 0; i < text.size();) {
    if (EndsWord(text[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && !EndsWord(text[end])) ++end;
    const size_t space = plain.empty() ? 0 : 1;
    if (plain.size() + space + end - i > kTextBytesMax) break;
    plain.append(space, ' ');
    for (; i < end; ++i) plain.push_back(absl::ascii_tolower(text[i]));
  }
  return plain;
}

}  // namespace tutti::speech
