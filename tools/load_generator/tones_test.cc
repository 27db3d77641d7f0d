#include "tools/load_generator/tones.h"

#include <cmath>
#include <cstdlib>
#include <set>

#include "gtest/gtest.h"
#include "mediaplane/audio/g711.h"

namespace tutti::tools {
namespace {

TEST(TonesTest, TalkersOfARoomAreFarApart) {
  for (const int talkers : {1, 2, 3, 5, 10, 19}) {
    for (int room = 0; room < 60; ++room) {
      std::set<int> tones;
      for (int talker = 0; talker < talkers; ++talker) tones.insert(ToneOf(room, talkers, talker));
      EXPECT_EQ(tones.size(), static_cast<size_t>(talkers));
    }
  }
  for (int a = 0; a < kTonesMax; ++a) {
    for (int b = 0; b < a; ++b) EXPECT_GE(std::abs(kTonesHz[a] - kTonesHz[b]), 70) << kTonesHz[a];
  }
}

TEST(TonesTest, ASecondRepeatsWithoutASeam) {
  const auto once = ToneSecond(503, 8000, 0.25);
  ASSERT_EQ(once.size(), 8000u);
  EXPECT_EQ(once[0], 0);
  const double step = 2 * 3.14159265358979 * 503 / 8000;
  EXPECT_NEAR(once.back(), -32768 * 0.25 * std::sin(step), 1);
}

TEST(TonesTest, MetersWhatIsThereAndNothingElse) {
  for (const int rate : {8000, 16000}) {
    const ToneMeter meter(rate / 5, rate);
    for (const int tone : {0, 4, 17, 18}) {
      auto levels = meter.Measure(ToneSecond(kTonesHz[tone], rate, 0.25));
      for (int other = 0; other < kTonesMax; ++other) {
        if (other == tone) {
          EXPECT_NEAR(levels[other], SineDbfs(0.25), 0.2);
        } else {
          EXPECT_LT(levels[other], SineDbfs(0.25) - 60) << kTonesHz[tone] << " " << kTonesHz[other];
        }
      }
    }
  }
}

TEST(TonesTest, DistortionOfACompandedRoomIsNobodysVoice) {
  const ToneMeter meter(1600, 8000);
  for (const int talkers : {2, 3, 5}) {
    for (int room = 0; room < kTonesMax; ++room) {
      std::vector<int16_t> mix(8000);
      std::set<int> tones;
      for (int talker = 0; talker < talkers; ++talker) {
        const int tone = ToneOf(room, talkers, talker);
        tones.insert(tone);
        const auto voice = ToneSecond(kTonesHz[tone], 8000, TonePeak(talkers));
        for (size_t i = 0; i < mix.size(); ++i) mix[i] = static_cast<int16_t>(mix[i] + voice[i]);
      }
      for (int16_t& sample : mix) {
        sample = mediaplane::scalar::DecodePcmu(mediaplane::scalar::EncodePcmu(sample));
      }
      const auto levels = meter.Measure(mix);
      for (int tone = 0; tone < kTonesMax; ++tone) {
        if (tones.contains(tone)) {
          EXPECT_NEAR(levels[tone], SineDbfs(TonePeak(talkers)), 0.5);
        } else {
          EXPECT_LT(levels[tone], SineDbfs(TonePeak(talkers)) - 35) << kTonesHz[tone];
        }
      }
    }
  }
}

TEST(TonesTest, QuietNoiseStaysBelowTheGate) {
  double squares = 0;
  for (const int16_t sample : QuietNoiseSecond(8000, 1)) squares += static_cast<double>(sample) * sample;
  EXPECT_NEAR(10 * std::log10(squares / 8000 / 32768 / 32768), -62, 0.5);
}

}  // namespace
}  // namespace tutti::tools
