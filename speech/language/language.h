#ifndef SPEECH_LANGUAGE_LANGUAGE_H_
#define SPEECH_LANGUAGE_LANGUAGE_H_

#include <string_view>

namespace tutti::speech {

// Does what is offered in the language `offered` serve who asks for `wanted`? Both
// are BCP 47 tags; case does not matter. "en-US" serves "en-US" and "en"; "de" serves
// "de" and "de-AT"; "en-US" does not serve "en-GB".
bool LanguageServes(std::string_view offered, std::string_view wanted);

// "de", "en-US", "zh-Hans-CN": letters and digits in subtags of 1 to 8, the first
// one of letters alone; at most 64 bytes.
bool IsLanguageTag(std::string_view text);

}  // namespace tutti::speech

#endif  // SPEECH_LANGUAGE_LANGUAGE_H_
