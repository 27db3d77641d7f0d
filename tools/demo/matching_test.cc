#include "tools/demo/matching.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "gtest/gtest.h"

namespace tutti::tools {
namespace {

constexpr int kPeople = 3;
constexpr int64_t kSecond = kMatchRateHz;

// Something like a voice: noise through a wandering resonance, with syllables.
std::vector<int16_t> Voice(uint32_t seed, size_t size) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, 600);
  std::vector<int16_t> samples(size);
  double y1 = 0, y2 = 0;
  for (size_t i = 0; i < size; ++i) {
    const double hz = 500 + 250 * std::sin(i * 2e-4 * (seed + 1));
    const double y = noise(random) + 1.9 * std::cos(2 * M_PI * hz / kMatchRateHz) * y1 - 0.9025 * y2;
    y2 = y1;
    y1 = y;
    const double syllable = std::max(0.0, std::sin(i * 2 * M_PI * 3 / kMatchRateHz + seed));
    samples[i] = static_cast<int16_t>(std::clamp(y * syllable, -20000.0, 20000.0));
  }
  return samples;
}

// Each alone for a second, then all together for two.
class MatchingTest : public testing::Test {
 protected:
  MatchingTest() {
    for (int i = 0; i < kPeople; ++i) {
      segments_.push_back({2 * kSecond * i, 2 * kSecond * i + kSecond, {i}});
    }
    segments_.push_back({6 * kSecond, 8 * kSecond, {0, 1, 2}});
    for (int i = 0; i < kPeople; ++i) {
      std::vector<int16_t> all(9 * kSecond);
      const std::vector<int16_t> voice = Voice(static_cast<uint32_t>(i + 1), 9 * kSecond);
      for (const Segment& segment : segments_) {
        if (std::count(segment.speakers.begin(), segment.speakers.end(), i) == 0) continue;
        std::copy(voice.begin() + segment.begin, voice.begin() + segment.end, all.begin() + segment.begin);
      }
      said_.push_back(all);
    }
  }

  // gains[listener][speaker]; the delay is 30 ms and one more for each speaker.
  Matches Run(const double (&gains)[kPeople][kPeople]) {
    std::vector<std::vector<int16_t>> heard;
    for (int listener = 0; listener < kPeople; ++listener) {
      std::vector<int16_t> mix(9 * kSecond);
      std::mt19937 random(99);
      std::normal_distribution<double> noise(0, 10);
      for (size_t i = 0; i < mix.size(); ++i) {
        double sum = noise(random);
        for (int speaker = 0; speaker < kPeople; ++speaker) {
          const size_t delay = static_cast<size_t>(480 + 16 * speaker);
          if (i >= delay) sum += gains[listener][speaker] * said_[speaker][i - delay];
        }
        mix[i] = static_cast<int16_t>(std::clamp(sum, -32768.0, 32767.0));
      }
      heard.push_back(mix);
    }
    return MatchVoices(said_, heard, segments_);
  }

  std::vector<Segment> segments_;
  std::vector<std::vector<int16_t>> said_;
};

TEST_F(MatchingTest, AGoodRoom) {
  const Matches matches = Run({{0, 1, 1}, {1, 0, 1}, {1, 1, 0}});
  for (int listener = 0; listener < kPeople; ++listener) {
    for (int speaker = 0; speaker < kPeople; ++speaker) {
      const Match& match = matches[listener][speaker];
      if (listener == speaker) {
        EXPECT_FALSE(HeardItself(match)) << listener << " " << match.level_db;
      } else {
        EXPECT_TRUE(Heard(match)) << listener << " " << speaker << " " << match.likeness << " " << match.level_db;
        EXPECT_NEAR(match.delay_ms, 30 + speaker, 0.1);
        EXPECT_NEAR(match.level_db, 0, 0.5);
      }
    }
  }
}

TEST_F(MatchingTest, EachFaultIsSeenWhereItIs) {
  // 0 hears 1 too low; 1 does not hear 2 and hears itself 20 dB down, as by a bad echo.
  const Matches matches = Run({{0, 0.1, 1}, {1, 0.1, 0}, {1, 1, 0}});
  EXPECT_FALSE(Heard(matches[0][1]));
  EXPECT_NEAR(matches[0][1].level_db, -20, 2);
  EXPECT_TRUE(Heard(matches[0][2]));
  EXPECT_FALSE(HeardItself(matches[0][0]));
  EXPECT_FALSE(Heard(matches[1][2]));
  EXPECT_TRUE(Heard(matches[1][0]));
  EXPECT_TRUE(HeardItself(matches[1][1]));
  EXPECT_NEAR(matches[1][1].level_db, -20, 2);
  EXPECT_TRUE(Heard(matches[2][0]) && Heard(matches[2][1]) && !HeardItself(matches[2][2]));
}

TEST_F(MatchingTest, SilenceIsNotHeard) {
  const Matches matches = Run({{0, 0, 0}, {0, 0, 0}, {0, 0, 0}});
  for (int listener = 0; listener < kPeople; ++listener) {
    for (int speaker = 0; speaker < kPeople; ++speaker) EXPECT_FALSE(Heard(matches[listener][speaker]));
    EXPECT_FALSE(HeardItself(matches[listener][listener]));
  }
}

}  // namespace
}  // namespace tutti::tools
