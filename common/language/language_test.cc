#include "common/language/language.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tutti {
namespace {

struct Lookup {
  std::vector<std::string> offered;
  std::string wanted;
  // Empty: none.
  std::string best;
};

TEST(LanguageTest, TheBestOneIsFound) {
  const Lookup lookups[] = {
      // The same tag, in any case.
      {{"en-US"}, "en-US", "en-US"},
      {{"en-us"}, "EN-US", "en-us"},
      {{"en", "en-US"}, "en-us", "en-US"},
      {{"en-US", "en"}, "en", "en"},
      // Any region for who names none, the first of several.
      {{"en-US"}, "en", "en-US"},
      {{"de-DE", "en-GB", "en-US"}, "EN", "en-GB"},
      {{"zh-Hant-TW"}, "zh-Hant", "zh-Hant-TW"},
      // A wider one for a region that is not there, the narrowest of them.
      {{"de"}, "de-AT", "de"},
      {{"zh", "zh-Hant", "zh-Hans"}, "zh-Hant-CN-x-private", "zh-Hant"},
      {{"zh-Hant-CN", "zh"}, "zh-Hant-TW", "zh"},
      // Never another region, script or language.
      {{"en-US"}, "en-GB", ""},
      {{"en-US", "en-GB"}, "en-AU", ""},
      {{"zh-Hans"}, "zh-Hant", ""},
      {{"de"}, "den", ""},
      {{"den"}, "de", ""},
      {{"de-DE"}, "de-D", ""},
      {{""}, "de", ""},
      {{"de"}, "", ""},
      {{}, "de", ""},
  };
  for (const Lookup& lookup : lookups) {
    const std::string* best = BestLanguage(lookup.offered, lookup.wanted);
    EXPECT_EQ(best == nullptr ? "" : *best, lookup.best) << lookup.wanted;
  }
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
}  // namespace tutti
