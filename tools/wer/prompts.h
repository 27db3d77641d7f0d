#ifndef TOOLS_WER_PROMPTS_H_
#define TOOLS_WER_PROMPTS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::wer {

// A recording whose words are known.
struct Prompt {
  // "agent-pass": its file, less the ending.
  std::string name;
  std::vector<std::string> words;
};

// Lower-case words with apostrophes; digits as words ("4" is "four").
std::vector<std::string> Words(std::string_view text);

// Of Debian's core-sounds-en.txt, "name: Text." a line: those of at least `words_min`
// words in the folder itself, by name. Lines with brackets tell of noises.
std::vector<Prompt> ParsePrompts(std::string_view text, size_t words_min);

// How many words have to be put in, left out or exchanged to make one of the other.
size_t WordErrors(const std::vector<std::string>& reference, const std::vector<std::string>& heard);

}  // namespace tutti::wer

#endif  // TOOLS_WER_PROMPTS_H_
