#include "speech/language/language.h"

#include <gtest/gtest.h>

#include <string>

namespace tutti::speech {
namespace {

TEST(LanguageTest, ServesTheSameTagAWiderAndANarrowerOne) {
  EXPECT_TRUE(LanguageServes("en-US", "en-US"));
  EXPECT_TRUE(LanguageServes("en-us", "EN-US"));
  EXPECT_TRUE(LanguageServes("en-US", "en"));
  EXPECT_TRUE(LanguageServes("de", "de-AT"));
}

TEST(LanguageTest, DoesNotServeAnotherRegionOrALookalike) {
  EXPECT_FALSE(LanguageServes("en-US", "en-GB"));
  EXPECT_FALSE(LanguageServes("de", "den"));
  EXPECT_FALSE(LanguageServes("den", "de"));
  EXPECT_FALSE(LanguageServes("", "de"));
  EXPECT_FALSE(LanguageServes("de", ""));
}

TEST(LanguageTest, KnowsATag) {
  for (const char* tag : {"de", "en-US", "zh-Hans-CN", "chr-US-Qaaa-x-west", "en-029"}) {
    EXPECT_TRUE(IsLanguageTag(tag)) << tag;
  }
  for (const char* tag : {"", "-", "de-", "-de", "de--at", "d e", "9a", "de_AT", "abcdefghi", "de\n"}) {
    EXPECT_FALSE(IsLanguageTag(tag)) << tag;
  }
  std::string longest = "de";
  while (longest.size() <= 64) longest += "-abc";
  EXPECT_FALSE(IsLanguageTag(longest));
}

}  // namespace
}  // namespace tutti::speech
