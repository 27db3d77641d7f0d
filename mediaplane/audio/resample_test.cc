#include "mediaplane/audio/resample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "mediaplane/audio/simd_targets.h"

namespace tutti::mediaplane {
namespace {

std::vector<int32_t> Tone(double hz, double rate, size_t samples, double amplitude) {
  std::vector<int32_t> out(samples);
  for (size_t i = 0; i < samples; ++i) {
    out[i] = static_cast<int32_t>(
        std::lround(amplitude * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / rate)));
  }
  return out;
}

// Amplitude of the component at `hz` over a whole number of 10 Hz periods.
double AmplitudeAt(const std::vector<int32_t>& signal, size_t from, double hz, double rate) {
  const auto count = static_cast<size_t>(rate / 10);
  double re = 0;
  double im = 0;
  for (size_t i = 0; i < count; ++i) {
    const double phase = 2 * std::numbers::pi * hz * static_cast<double>(i) / rate;
    re += signal[from + i] * std::cos(phase);
    im += signal[from + i] * std::sin(phase);
  }
  return 2 * std::hypot(re, im) / static_cast<double>(count);
}

template <class Resampler>
std::vector<int32_t> InFrames(Resampler resampler, const std::vector<int32_t>& in, size_t frame, size_t out_frame) {
  std::vector<int32_t> out(in.size() / frame * out_frame);
  for (size_t i = 0; i < in.size() / frame; ++i) resampler.Process(&in[i * frame], frame, &out[i * out_frame]);
  return out;
}

double Db(double ratio) { return 20 * std::log10(ratio + 1e-9); }

constexpr double kAmplitude = 1'000'000;

TEST(ResampleTest, UpIsFlatToTelephoneBandAndItsImagesAreGone) {
  for (double hz = 50; hz <= 3400; hz += 50) {
    const auto out = InFrames(Upsampler(), Tone(hz, 8000, 1600, kAmplitude), 160, 320);
    EXPECT_NEAR(Db(AmplitudeAt(out, 320, hz, 16000) / kAmplitude), 0, 0.02) << hz;
    EXPECT_LT(Db(AmplitudeAt(out, 320, 8000 - hz, 16000) / kAmplitude), -60) << hz;
  }
}

TEST(ResampleTest, DownIsFlatToTelephoneBandAndWhatIsAboveDoesNotAlias) {
  for (double hz = 50; hz <= 3400; hz += 50) {
    const auto out = InFrames(Downsampler(), Tone(hz, 16000, 3200, kAmplitude), 320, 160);
    EXPECT_NEAR(Db(AmplitudeAt(out, 160, hz, 8000) / kAmplitude), 0, 0.02) << hz;
  }
  for (double hz = 4600; hz <= 7900; hz += 50) {
    const auto out = InFrames(Downsampler(), Tone(hz, 16000, 3200, kAmplitude), 320, 160);
    EXPECT_LT(Db(AmplitudeAt(out, 160, 8000 - hz, 8000) / kAmplitude), -60) << hz;
  }
}

TEST(ResampleTest, DelayIsBelowTwoMilliseconds) {
  std::vector<int32_t> click(160);
  click[0] = 100'000;
  const auto up = InFrames(Upsampler(), click, 160, 320);
  EXPECT_EQ(std::max_element(up.begin(), up.end()) - up.begin(), 28);
  std::vector<int32_t> wide(320);
  wide[0] = 100'000;
  const auto down = InFrames(Downsampler(), wide, 320, 160);
  EXPECT_EQ(std::max_element(down.begin(), down.end()) - down.begin(), 13);
}

TEST(ResampleTest, CuttingIntoFramesChangesNothing) {
  const auto in = Tone(700, 8000, 160, kAmplitude);
  EXPECT_EQ(InFrames(Upsampler(), in, 160, 320), InFrames(Upsampler(), in, 20, 40));
  const auto wide = Tone(700, 16000, 320, kAmplitude);
  EXPECT_EQ(InFrames(Downsampler(), wide, 320, 160), InFrames(Downsampler(), wide, 10, 5));
}

TEST(ResampleTest, TheLargestSumsDontWrap) {
  for (const int32_t extreme : {INT32_MAX, INT32_MIN}) {
    std::vector<int32_t> out(320);
    Upsampler up;
    up.Process(std::vector<int32_t>(160, extreme).data(), 160, out.data());
    up.Process(std::vector<int32_t>(160, extreme).data(), 160, out.data());
    EXPECT_GT(std::abs(static_cast<double>(out[300])), 2.1e9);
    EXPECT_EQ(out[301] > 0, extreme > 0);
  }
}

TEST(ResampleTest, QuietOnlyWhenTheFilterHasRungOut) {
  Upsampler up;
  EXPECT_TRUE(up.quiet());
  std::vector<int32_t> in(160);
  std::vector<int32_t> out(320);
  in[159] = 5;
  up.Process(in.data(), 160, out.data());
  EXPECT_FALSE(up.quiet());
  in[159] = 0;
  up.Process(in.data(), 160, out.data());
  EXPECT_TRUE(up.quiet());
}

TEST(ResampleTest, SimdEqualsScalarBitForBit) {
  std::mt19937 random(3);
  constexpr size_t kPast = kResampleTaps;
  std::vector<int32_t> in(320);
  for (int32_t& value : in) value = static_cast<int32_t>(random()) >> (random() % 24);
  ForEachSimdTarget([&](const char* target) {
    SCOPED_TRACE(target);
    for (size_t samples = 0; samples <= 160; ++samples) {
      std::vector<float> past_and_in(kPast + 160);
      std::vector<float> filtered(kPast + 160);
      std::vector<float> delayed(kPast + 160);
      for (size_t i = 0; i < samples; ++i) {
        past_and_in[kPast + i] = static_cast<float>(in[i]);
        delayed[kPast + i] = static_cast<float>(in[2 * i]);
        filtered[kPast + i] = static_cast<float>(in[2 * i + 1]);
      }
      std::vector<int32_t> oracle(320);
      std::vector<int32_t> simd(320);
      scalar::ResampleUp(past_and_in.data(), samples, oracle.data());
      Upsampler().Process(in.data(), samples, simd.data());
      ASSERT_EQ(simd, oracle);
      std::fill(oracle.begin(), oracle.end(), 0);
      std::fill(simd.begin(), simd.end(), 0);
      scalar::ResampleDown(filtered.data(), delayed.data(), samples, oracle.data());
      Downsampler().Process(in.data(), 2 * samples, simd.data());
      ASSERT_EQ(simd, oracle);
    }
  });
}

}  // namespace
}  // namespace tutti::mediaplane
