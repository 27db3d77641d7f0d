#ifndef COMMON_LANGUAGE_LANGUAGE_H_
#define COMMON_LANGUAGE_LANGUAGE_H_

#include <string>
#include <string_view>
#include <vector>

namespace tutti {

// How well what is there in the language `offered` suits who asks for `wanted`; the
// more the better, 0: not at all. Both are BCP 47 tags; case does not matter. As RFC
// 4647, section 3.4, has it: the same tag, or else the longest one that `wanted` is
// narrower than ("de" for "de-AT"). Where there is none of these any region will do
// for who names none ("en-US" for "en"), but never one for another ("en-GB").
int LanguageFit(std::string_view offered, std::string_view wanted);

// The one that suits best, of equals the first; null: none does.
const std::string* BestLanguage(const std::vector<std::string>& offered, std::string_view wanted);

// "de", "en-US", "zh-Hans-CN": letters and digits in subtags of 1 to 8, the first
// one of letters alone; at most 64 bytes.
bool IsLanguageTag(std::string_view text);

}  // namespace tutti

#endif  // COMMON_LANGUAGE_LANGUAGE_H_
