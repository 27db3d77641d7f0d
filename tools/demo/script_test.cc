#include "tools/demo/script.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tutti::tools {
namespace {

using testing::ElementsAre;

TEST(ScriptTest, TurnsFollowEachOtherAndLinesOfOneTurnAreTogether) {
  const std::vector<int16_t> tone(1000, 3000);
  const std::vector<int16_t> longer(1600, -3000);
  const Script script = LayOut({{"A", "", mediaplane::Codec::kPcmu}, {"B", "", mediaplane::Codec::kPcma}},
                               {{{1, tone}}, {{0, tone}, {1, longer}}});
  ASSERT_EQ(script.segments.size(), 2u);
  EXPECT_EQ(script.segments[0].begin, 8000);
  EXPECT_EQ(script.segments[0].end, 9000);
  EXPECT_THAT(script.segments[0].speakers, ElementsAre(1));
  EXPECT_EQ(script.segments[1].begin, 17000);
  EXPECT_EQ(script.segments[1].end, 18600);
  EXPECT_THAT(script.segments[1].speakers, ElementsAre(0, 1));
  EXPECT_EQ(script.samples(), 18600);
  ASSERT_EQ(script.voices[0].size(), script.voices[1].size());
  EXPECT_EQ(script.voices[0][16999], 0);
  EXPECT_GT(script.voices[0][17000], 0);
  EXPECT_EQ(script.voices[0][18000], 0);
  EXPECT_GT(script.voices[1][8000], 0);
  EXPECT_LT(script.voices[1][17000], 0);
  // The same level, whatever the recording's was: -23 dBFS of a full-scale sine.
  EXPECT_EQ(script.voices[1][8000], -script.voices[1][17000]);
  EXPECT_NEAR(script.voices[1][8000], 1640, 5);
}

TEST(ScriptTest, TheDemosOwnHasFourVoicesAloneAndTogether) {
  const auto script = MakeScript();
  ASSERT_TRUE(script.ok()) << script.status();
  EXPECT_EQ(script->people.size(), 4u);
  ASSERT_EQ(script->segments.size(), 5u);
  EXPECT_THAT(script->segments[4].speakers, ElementsAre(0, 1, 2, 3));
  EXPECT_LT(script->samples(), 40 * kMatchRateHz);
}

}  // namespace
}  // namespace tutti::tools
