#include "tools/load_generator/ear.h"

#include "gtest/gtest.h"

namespace tutti::tools {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int kRate = 8000;

class EarTest : public ::testing::Test {
 protected:
  EarTest() : meter_(Ear::WindowSamples(kRate), kRate) {
    options_.level_dbfs = SineDbfs(TonePeak(2));
    options_.own_tone = 0;
    options_.expected.set(1);
    room_.start_ns = 1'000'000 * kMs;
  }

  // Listens for `ms` to these talkers' tones, `delay_ms` after they were sent,
  // each frame arriving with its first sample.
  HeardCounts Listen(const std::vector<int>& tones, int ms, int delay_ms, double gain = 1) {
    Ear ear(options_, &room_, &meter_);
    std::vector<std::vector<int16_t>> voices;
    for (const int tone : tones) voices.push_back(ToneSecond(kTonesHz[tone], kRate, gain * TonePeak(2)));
    for (int at_ms = 0; at_ms < ms; at_ms += 20) {
      std::vector<int16_t> frame(160);
      const int64_t sent_ms = at_ms - delay_ms;
      for (int i = 0; i < 160; ++i) {
        const int64_t sample = sent_ms * 8 + i;
        const int64_t sample_ns = sample * kMs / 8;
        for (size_t v = 0; v < voices.size(); ++v) {
          if (Schedule::Speaks(v == 0, sample_ns)) {
            frame[i] = static_cast<int16_t>(frame[i] + voices[v][static_cast<size_t>(sample % kRate)]);
          }
        }
      }
      // The talker notes what it sends.
      if (at_ms % 3000 == 0) room_.onset_sent_ns = room_.start_ns + at_ms * kMs;
      ear.OnFrame(frame, room_.start_ns + at_ms * kMs, true);
    }
    return ear.counts();
  }

  EarOptions options_;
  RoomState room_;
  ToneMeter meter_;
};

TEST_F(EarTest, HearsExactlyTheOthers) {
  for (const int delay_ms : {0, 20, 300}) {
    const HeardCounts heard = Listen({1}, 6000, delay_ms);
    EXPECT_EQ(heard.windows, 6u);
    EXPECT_EQ(heard.errors(), 0u) << delay_ms;
  }
}

TEST_F(EarTest, EachErrorHasItsName) {
  HeardCounts heard = Listen({}, 3000, 40);
  EXPECT_EQ(heard.windows, 3u);
  EXPECT_EQ(heard.missing, 3u);
  EXPECT_EQ(heard.errors(), 3u);
  heard = Listen({1, 0}, 3000, 40);
  EXPECT_EQ(heard.own, 3u);
  EXPECT_EQ(heard.errors(), 3u);
  heard = Listen({1, 5}, 3000, 40);
  EXPECT_EQ(heard.strangers, 3u);
  EXPECT_EQ(heard.errors(), 3u);
  heard = Listen({1}, 3000, 40, /*gain=*/0.5);
  EXPECT_EQ(heard.missing, 3u) << "too quiet";
}

TEST_F(EarTest, MeasuresTheDelayOfAnOnset) {
  for (const int delay_ms : {0, 33, 180}) {
    const HeardCounts heard = Listen({1, 2}, 9000, delay_ms);
    // Too little quiet before the first one: not an onset.
    ASSERT_EQ(heard.delays_ms.size(), delay_ms < 50 ? 2u : 3u);
    for (const float measured : heard.delays_ms) EXPECT_NEAR(measured, delay_ms, 0.5);
  }
  options_.first_talker = true;
  EXPECT_TRUE(Listen({1, 2}, 9000, 40).delays_ms.empty());
}

TEST_F(EarTest, WhatWeDisturbedIsNotJudged) {
  room_.sent_late_ns = room_.start_ns + 700 * kMs;
  const HeardCounts heard = Listen({}, 3000, 40);
  EXPECT_EQ(heard.disturbed, 1u);
  EXPECT_EQ(heard.windows, 2u);
}

TEST_F(EarTest, AWindowWithAGapIsNotJudged) {
  Ear ear(options_, &room_, &meter_);
  const std::vector<int16_t> silence(160);
  for (int64_t at_ms = 0; at_ms < 3000; at_ms += 20) {
    ear.OnFrame(silence, room_.start_ns + at_ms * kMs, /*in_order=*/at_ms != 900);
  }
  EXPECT_EQ(ear.counts().windows, 2u);
}

}  // namespace
}  // namespace tutti::tools
