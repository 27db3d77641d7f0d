#include "speech/recognizer/level_spread.h"

#include <gtest/gtest.h>

#include <random>

namespace tutti::speech {
namespace {

std::vector<int16_t> Noise(size_t samples, float level) {
  std::minstd_rand random(1);
  std::normal_distribution<float> noise(0, level);
  std::vector<int16_t> hiss(samples);
  for (int16_t& sample : hiss) sample = static_cast<int16_t>(noise(random));
  return hiss;
}

TEST(LevelSpreadTest, HissAndSilenceAreSteady) {
  LevelSpread hiss;
  hiss.Feed(Noise(32'000, 500));
  EXPECT_TRUE(hiss.IsSteadyNoise());
  LevelSpread silence;
  silence.Feed(std::vector<int16_t>(32'000));
  EXPECT_TRUE(silence.IsSteadyNoise());
}

TEST(LevelSpreadTest, WhatRisesAndFallsIsNot) {
  LevelSpread spread;
  // In pieces of odd sizes.
  for (int i = 0; i < 20; ++i) spread.Feed(Noise(1'111, i % 2 == 0 ? 2000 : 400));
  EXPECT_FALSE(spread.IsSteadyNoise());
}

TEST(LevelSpreadTest, TooLittleIsNotJudged) {
  LevelSpread spread;
  spread.Feed(Noise(3'199, 500));
  EXPECT_FALSE(spread.IsSteadyNoise());
  spread.Feed(Noise(1, 500));
  EXPECT_TRUE(spread.IsSteadyNoise());
}

}  // namespace
}  // namespace tutti::speech
