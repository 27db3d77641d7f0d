#include "tools/wer/prompts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::wer {
namespace {

using testing::ElementsAre;

TEST(PromptsTest, WordsAreLowerCaseAndDigitsAreWords) {
  EXPECT_THAT(Words("Press 4 or 16, Waldo's PIN."), ElementsAre("press", "four", "or", "one", "six", "waldo's", "pin"));
  EXPECT_TRUE(Words(" ... ").empty());
}

TEST(PromptsTest, TakesWhatIsSaidInTheFolderItself) {
  const auto prompts = ParsePrompts(
      "; Core Asterisk Sounds\n\nb: Press two, now.\na: Please press one.\nshort: Hello.\nbeep: [this is a beep tone]\n"
      "digits/1: One and two and three\nno colon here\n",
      3);
  ASSERT_EQ(prompts.size(), 2u);
  EXPECT_EQ(prompts[0].name, "a");
  EXPECT_THAT(prompts[0].words, ElementsAre("please", "press", "one"));
  EXPECT_EQ(prompts[1].name, "b");
}

TEST(PromptsTest, CountsWhatIsPutInLeftOutAndExchanged) {
  const std::vector<std::string> said = {"please", "press", "one"};
  EXPECT_EQ(WordErrors(said, said), 0u);
  EXPECT_EQ(WordErrors(said, {}), 3u);
  EXPECT_EQ(WordErrors({}, said), 3u);
  EXPECT_EQ(WordErrors(said, {"please", "one"}), 1u);
  EXPECT_EQ(WordErrors(said, {"please", "press", "the", "one"}), 1u);
  EXPECT_EQ(WordErrors(said, {"police", "press", "one"}), 1u);
  EXPECT_EQ(WordErrors(said, {"one", "please", "press"}), 2u);
}

}  // namespace
}  // namespace tutti::wer
