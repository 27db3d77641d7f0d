#include "mediaplane/audio/mix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "mediaplane/audio/simd_targets.h"

namespace tutti::mediaplane {
namespace {

constexpr size_t kSamples = 160;

std::vector<int16_t> Noise(uint32_t seed, size_t samples, int peak = 32768) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> value(-peak, peak - 1);
  std::vector<int16_t> out(samples);
  for (int16_t& sample : out) sample = static_cast<int16_t>(value(random));
  return out;
}

TEST(LimiterTest, IsExactBelowTheKneeMonotonicAndNeverBeyondFullScale) {
  int16_t previous = scalar::Limit(0);
  EXPECT_EQ(previous, 0);
  const auto check = [&](int32_t sum) {
    const int16_t out = scalar::Limit(sum);
    ASSERT_GE(out, previous) << sum;
    ASSERT_EQ(scalar::Limit(-sum), -out) << sum;
    ASSERT_LE(out, sum);
    if (sum <= kLimiterKnee) {
      ASSERT_EQ(out, sum);
    }
    previous = out;
  };
  for (int32_t sum = 0; sum < 5'000'000; ++sum) check(sum);
  for (int64_t sum = 5'000'000; sum <= INT32_MAX; sum += 99'991) check(static_cast<int32_t>(sum));
  check(INT32_MAX);
  EXPECT_EQ(previous, 32767);
  EXPECT_EQ(scalar::Limit(INT32_MIN), -32767);
}

TEST(LimiterTest, HasNoStepAtTheKnee) {
  EXPECT_EQ(scalar::Limit(kLimiterKnee + 1), kLimiterKnee + 1);
  EXPECT_NEAR(scalar::Limit(kLimiterKnee + 100), kLimiterKnee + 98, 1);
}

TEST(MixTest, SimdEqualsScalarBitForBit) {
  std::mt19937 random(7);
  ForEachSimdTarget([&](const char* target) {
    SCOPED_TRACE(target);
    for (size_t samples = 0; samples <= 330; samples += samples < 70 ? 1 : 13) {
      const auto own = Noise(static_cast<uint32_t>(samples), samples);
      std::vector<int32_t> sum(samples);
      for (int32_t& value : sum) value = static_cast<int32_t>(random()) >> (random() % 20);
      if (samples > 2) sum[0] = INT32_MIN, sum[1] = INT32_MAX, sum[2] = -kLimiterKnee - 1;

      auto sum_simd = sum;
      auto sum_scalar = sum;
      AddToSum(own.data(), sum_simd.data(), samples);
      scalar::AddToSum(own.data(), sum_scalar.data(), samples);
      ASSERT_EQ(sum_simd, sum_scalar);
      AddSums(sum.data(), sum_simd.data(), samples);
      scalar::AddSums(sum.data(), sum_scalar.data(), samples);
      ASSERT_EQ(sum_simd, sum_scalar);

      std::vector<int16_t> simd(samples);
      std::vector<int16_t> oracle(samples);
      SubtractAndLimit(sum.data(), own.data(), simd.data(), samples);
      scalar::SubtractAndLimit(sum.data(), own.data(), oracle.data(), samples);
      ASSERT_EQ(simd, oracle);
      Limit(sum.data(), simd.data(), samples);
      scalar::Limit(sum.data(), oracle.data(), samples);
      ASSERT_EQ(simd, oracle);

      const Level level = MeasureLevel(own.data(), samples);
      const Level expected = scalar::MeasureLevel(own.data(), samples);
      ASSERT_EQ(level.peak, expected.peak);
      ASSERT_EQ(level.sum_squares, expected.sum_squares);
    }
  });
}

TEST(MixTest, SimdLimiterEqualsScalarOverTheWholeCurve) {
  ForEachSimdTarget([](const char* target) {
    SCOPED_TRACE(target);
    std::vector<int32_t> sums(1024);
    std::vector<int16_t> out(sums.size());
    for (int64_t from = kLimiterKnee - 512; from < 400'000; from += static_cast<int64_t>(sums.size())) {
      for (size_t i = 0; i < sums.size(); ++i)
        sums[i] = static_cast<int32_t>((from + static_cast<int64_t>(i)) * (i % 2 ? 1 : -1));
      Limit(sums.data(), out.data(), sums.size());
      for (size_t i = 0; i < sums.size(); ++i) ASSERT_EQ(out[i], scalar::Limit(sums[i])) << sums[i];
    }
  });
}

TEST(MixTest, MinusOwnIsTheSumOfTheOthersHoweverLoud) {
  constexpr size_t kTalkers = 8;
  std::vector<std::vector<int16_t>> talkers;
  for (uint32_t i = 0; i < kTalkers; ++i) talkers.push_back(Noise(i, kSamples));
  std::vector<int32_t> sum(kSamples);
  for (const auto& talker : talkers) AddToSum(talker.data(), sum.data(), kSamples);
  for (size_t own = 0; own < kTalkers; ++own) {
    std::vector<int32_t> others(kSamples);
    for (size_t i = kTalkers; i-- > 0;) {  // another order
      if (i != own) AddToSum(talkers[i].data(), others.data(), kSamples);
    }
    std::vector<int16_t> expected(kSamples);
    std::vector<int16_t> heard(kSamples);
    Limit(others.data(), expected.data(), kSamples);
    SubtractAndLimit(sum.data(), talkers[own].data(), heard.data(), kSamples);
    EXPECT_EQ(heard, expected);
  }
}

TEST(MixTest, SixtyFiveThousandAtFullScaleFit) {
  const std::vector<int16_t> lowest(kSamples, INT16_MIN);
  std::vector<int32_t> sum(kSamples);
  for (int i = 0; i < 65'535; ++i) AddToSum(lowest.data(), sum.data(), kSamples);
  std::vector<int16_t> out(kSamples);
  SubtractAndLimit(sum.data(), lowest.data(), out.data(), kSamples);
  EXPECT_EQ(out[0], -32767);
  EXPECT_EQ(out[kSamples - 1], -32767);
}

TEST(MixTest, LevelOfTheLoudestFrame) {
  const std::vector<int16_t> lowest(320, INT16_MIN);
  const Level level = MeasureLevel(lowest.data(), lowest.size());
  EXPECT_EQ(level.peak, 32768);
  EXPECT_EQ(level.sum_squares, 320ull << 30);
}

TEST(MixTest, FadesAreLinearAndReachBothEnds) {
  std::vector<int16_t> frame(kSamples, 8000);
  const size_t fade = FadeSamples(8000);
  EXPECT_EQ(fade, 40u);
  FadeIn(frame.data(), fade);
  EXPECT_EQ(frame[0], 0);
  EXPECT_EQ(frame[20], 4000);
  EXPECT_EQ(frame[40], 8000);
  std::fill(frame.begin(), frame.end(), int16_t{-8000});
  FadeOut(frame.data(), fade, frame.size());
  EXPECT_EQ(frame[0], -8000);
  EXPECT_EQ(frame[20], -4000);
  EXPECT_EQ(frame[39], -200);
  EXPECT_TRUE(std::all_of(frame.begin() + 40, frame.end(), [](int16_t sample) { return sample == 0; }));
}

}  // namespace
}  // namespace tutti::mediaplane
