#include "tools/wer/prompts.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tutti::wer {
namespace {

constexpr const char* kDigits[] = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};

}  // namespace

std::vector<std::string> Words(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (absl::ascii_isdigit(c)) {
      plain.append(" ").append(kDigits[c - '0']).append(" ");
    } else {
      plain += absl::ascii_isalpha(c) || c == '\'' ? absl::ascii_tolower(c) : ' ';
    }
  }
  return absl::StrSplit(plain, ' ', absl::SkipEmpty());
}

std::vector<Prompt> ParsePrompts(std::string_view text, size_t words_min) {
  std::vector<Prompt> prompts;
  for (const absl::string_view line : absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos || line[0] == ';' || line.find_first_of("[(") != absl::string_view::npos) {
      continue;
    }
    const absl::string_view name = line.substr(0, colon);
    if (name.find('/') != absl::string_view::npos) continue;
    const absl::string_view said = line.substr(colon + 1);
    Prompt prompt{std::string(name), Words({said.data(), said.size()})};
    if (prompt.words.size() >= words_min) prompts.push_back(std::move(prompt));
  }
  std::sort(prompts.begin(), prompts.end(), [](const Prompt& a, const Prompt& b) { return a.name < b.name; });
  return prompts;
}

size_t WordErrors(const std::vector<std::string>& reference, const std::vector<std::string>& heard) {
  // Of the words so far, to make the first so many that were heard.
  std::vector<size_t> errors(heard.size() + 1);
  for (size_t i = 0; i < errors.size(); ++i) errors[i] = i;
  for (size_t i = 0; i < reference.size(); ++i) {
    size_t diagonal = errors[0];
    errors[0] = i + 1;
    for (size_t j = 0; j < heard.size(); ++j) {
      const size_t exchanged = diagonal + (reference[i] == heard[j] ? 0 : 1);
      diagonal = errors[j + 1];
      errors[j + 1] = std::min({exchanged, errors[j] + 1, errors[j + 1] + 1});
    }
  }
  return errors.back();
}

}  // namespace tutti::wer
