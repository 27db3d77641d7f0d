#include "common/text/utf8.h"

#include <gtest/gtest.h>

namespace tutti {
namespace {

TEST(Utf8Test, TakesWhatIsWhole) {
  for (const char* text : {"", "plain", "caf\xC3\xA9", "\xE4\xBD\xA0", "\xF0\x9F\x8E\xB5", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
}

TEST(Utf8Test, RefusesWhatIsBroken) {
  for (const char* text :
       {"\xC3", "\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF", "a\xE4\xBD"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

}  // namespace
}  // namespace tutti
