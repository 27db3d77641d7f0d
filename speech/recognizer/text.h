#ifndef SPEECH_RECOGNIZER_TEXT_H_
#define SPEECH_RECOGNIZER_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace tutti::speech {

// The longest text of an utterance.
inline constexpr size_t kTextBytesMax = 8 * 1024;

// A recogniser's words as we give them out: single spaces, no control characters,
// ASCII in lower case, no more than kTextBytesMax (cut between words). Empty where it
// is no UTF-8.
std::string PlainWords(std::string_view text);

}  // namespace tutti::speech

#endif  // SPEECH_RECOGNIZER_TEXT_H_
