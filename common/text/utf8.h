#ifndef COMMON_TEXT_UTF8_H_
#define COMMON_TEXT_UTF8_H_

#include <string_view>

namespace tutti {

// RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF.
bool IsUtf8(std::string_view text);

}  // namespace tutti

#endif  // COMMON_TEXT_UTF8_H_
