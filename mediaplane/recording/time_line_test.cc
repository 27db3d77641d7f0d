#include "mediaplane/recording/time_line.h"

#include <gtest/gtest.h>

#include <array>

namespace tutti::mediaplane {
namespace {

TEST(TimeLine, SoManySpeakersHaveFilesAndNoMore) {
  TimeLine line(MixRate::k8000, 100);
  const auto name = std::make_shared<const LegName>();
  std::array<int16_t, 160> frame;
  frame.fill(1);
  ASSERT_TRUE(line.Advance(kTickNs));
  for (uint32_t i = 1; i <= TimeLine::kSpeakersMax; ++i) ASSERT_TRUE(line.AddLeg(i, name, MixRate::k8000, frame));
  EXPECT_FALSE(line.AddLeg(TimeLine::kSpeakersMax + 1, name, MixRate::k8000, frame));
  // Those who have one keep it.
  ASSERT_TRUE(line.Advance(2 * kTickNs));
  EXPECT_TRUE(line.AddLeg(1, name, MixRate::k8000, frame));
  EXPECT_EQ(line.Take().tracks.size(), 1 + TimeLine::kSpeakersMax);
}

}  // namespace
}  // namespace tutti::mediaplane
