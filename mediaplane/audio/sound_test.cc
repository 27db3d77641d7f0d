#include "mediaplane/audio/sound.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "gtest/gtest.h"

namespace tutti::mediaplane {
namespace {

double Amplitude(const int16_t* samples, size_t count, double hz, int rate) {
  double sine = 0, cosine = 0;
  for (size_t i = 0; i < count; ++i) {
    const double angle = 2 * M_PI * hz * static_cast<double>(i) / rate;
    sine += samples[i] * std::sin(angle);
    cosine += samples[i] * std::cos(angle);
  }
  return 2 * std::hypot(sine, cosine) / static_cast<double>(count);
}

std::vector<int16_t> Tone(double hz, size_t count, int rate) {
  std::vector<int16_t> samples(count);
  for (size_t i = 0; i < count; ++i) {
    samples[i] = static_cast<int16_t>(std::lround(8000 * std::sin(2 * M_PI * hz * static_cast<double>(i) / rate)));
  }
  return samples;
}

TEST(SoundTest, IsThereAtBothRatesInWholeFrames) {
  for (const MixRate rate : {MixRate::k8000, MixRate::k16000}) {
    const int hz = SampleRateHz(rate);
    const auto samples = Tone(1000, static_cast<size_t>(hz) + 1, hz);
    const auto sound = Sound::Make(samples, rate);
    EXPECT_EQ(sound->frames(), 51u);
    EXPECT_EQ(sound->bytes(), 51u * (160 + 320) * 2);
    EXPECT_TRUE(std::equal(samples.begin(), samples.end(), sound->samples(rate))) << "its own rate is not touched";
    EXPECT_NEAR(Amplitude(sound->samples(MixRate::k8000) + 800, 6400, 1000, 8000), 8000, 40);
    EXPECT_NEAR(Amplitude(sound->samples(MixRate::k16000) + 1600, 12'800, 1000, 16'000), 8000, 40);
  }
}

TEST(SoundTest, AnEmptySoundHasNoFrame) { EXPECT_EQ(Sound::Make({}, MixRate::k8000)->frames(), 0u); }

TEST(SoundTest, FullScaleDoesNotWrap) {
  std::vector<int16_t> square(8000);
  for (size_t i = 0; i < square.size(); ++i) square[i] = i % 16 < 8 ? 32'767 : -32'768;
  const auto sound = Sound::Make(square, MixRate::k8000);
  const int16_t* high = sound->samples(MixRate::k16000);
  for (size_t i = 400; i < 15'000; ++i) ASSERT_LT(std::abs(high[i] - high[i - 1]), 40'000) << i;
}

TEST(SoundTest, TonesOfTheHouse) {
  const auto beep = MakeBuiltInSound("beep");
  ASSERT_NE(beep, nullptr);
  EXPECT_EQ(beep->frames(), 10u);
  EXPECT_NEAR(Amplitude(beep->samples(MixRate::k8000) + 160, 1280, 800, 8000), 5200, 60);
  EXPECT_LT(std::abs(beep->samples(MixRate::k16000)[0]), 100);
  const auto entry = MakeBuiltInSound("beep_entry"), exit = MakeBuiltInSound("beep_exit");
  ASSERT_NE(entry, nullptr);
  ASSERT_NE(exit, nullptr);
  EXPECT_GT(Amplitude(entry->samples(MixRate::k8000) + 1120, 640, 880, 8000), 4500);
  EXPECT_GT(Amplitude(exit->samples(MixRate::k8000) + 1120, 640, 660, 8000), 4500);
  EXPECT_EQ(MakeBuiltInSound("fanfare"), nullptr);
}

TEST(SoundTest, HoldMusicIsNeverSilentAndHasNoSeam) {
  const auto music = MakeBuiltInSound("hold_music");
  ASSERT_NE(music, nullptr);
  EXPECT_EQ(music->frames(), 800u);
  const int16_t* samples = music->samples(MixRate::k16000);
  const size_t count = size_t{music->frames()} * 320;
  int peak = 0, step = 0;
  for (size_t i = 0; i < count; ++i) {
    peak = std::max(peak, std::abs(samples[i]));
    step = std::max(step, std::abs(samples[(i + 1) % count] - samples[i]));
  }
  EXPECT_EQ(peak, 6500);
  EXPECT_LT(step, 4000) << "a click";
  for (size_t begin = 0; begin < count; begin += 3200) {
    double energy = 0;
    for (size_t i = begin; i < begin + 3200; ++i) energy += double{1} * samples[i] * samples[i];
    EXPECT_GT(std::sqrt(energy / 3200), 500) << "200 ms from sample " << begin;
  }
}

}  // namespace
}  // namespace tutti::mediaplane
