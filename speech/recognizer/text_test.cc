#include "speech/recognizer/text.h"

#include <gtest/gtest.h>

namespace tutti::speech {
namespace {

TEST(TextTest, WordsAreLowerCaseWithSingleSpaces) {
  EXPECT_EQ(PlainWords("  HELLO\n  World\t "), "hello world");
  EXPECT_EQ(PlainWords("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(PlainWords(""), "");
  EXPECT_EQ(PlainWords(" \x01 "), "");
}

TEST(TextTest, BrokenUtf8IsNothing) { EXPECT_EQ(PlainWords("good \xC3"), ""); }

TEST(TextTest, TooMuchIsCutBetweenWords) {
  std::string text;
  while (text.size() <= 2 * kTextBytesMax) text += "seven77 ";
  const std::string plain = PlainWords(text);
  EXPECT_LE(plain.size(), kTextBytesMax);
  EXPECT_GT(plain.size(), kTextBytesMax - 8);
  EXPECT_TRUE(plain.ends_with("seven77"));
  EXPECT_EQ(PlainWords(std::string(kTextBytesMax + 1, 'a')), "");
}

}  // namespace
}  // namespace tutti::speech
