#include "mediaplane/stream/audio_line.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>
#include <vector>

namespace tutti::mediaplane {
namespace {

// first, first + 1, …
std::vector<int16_t> Ramp(int first, size_t samples) {
  std::vector<int16_t> ramp(samples);
  std::iota(ramp.begin(), ramp.end(), static_cast<int16_t>(first));
  return ramp;
}

class AudioLineTest : public ::testing::Test {
 protected:
  // What is said in the next frame; empty: nothing.
  std::vector<int16_t> Said() {
    std::vector<int16_t> frame(160);
    return line_.TakeSaid(frame) ? frame : std::vector<int16_t>();
  }
  std::vector<int16_t> Heard() {
    std::vector<int16_t> frame(160);
    return line_.Hear(frame) ? frame : std::vector<int16_t>();
  }

  std::shared_ptr<StreamCounters> counters_ = std::make_shared<StreamCounters>();
  AudioLine line_{MixRate::k8000, true, counters_};
};

TEST_F(AudioLineTest, PiecesOfAnySizeBecomeFramesAndTheLastIsFilledUp) {
  EXPECT_TRUE(Said().empty());
  const auto all = Ramp(1, 600);
  line_.Say(std::span(all).first(1));
  line_.Say(std::span(all).subspan(1, 499));
  line_.Say(std::span(all).subspan(500));
  for (int frame = 0; frame < 3; ++frame) EXPECT_EQ(Said(), Ramp(1 + 160 * frame, 160));
  auto last = Ramp(481, 160);
  std::fill(last.begin() + 120, last.end(), int16_t{0});
  EXPECT_EQ(Said(), last);
  EXPECT_TRUE(Said().empty());
}

TEST_F(AudioLineTest, WhatComesAsItIsSpokenWaitsAMoment) {
  line_.Say(Ramp(0, 160));
  EXPECT_TRUE(Said().empty());
  line_.Say(Ramp(160, 160));
  EXPECT_TRUE(Said().empty());
  // Two frames are late from now on, and nothing is missing.
  for (int frame = 0; frame < 2; ++frame) EXPECT_EQ(Said(), Ramp(160 * frame, 160));
  line_.Say(Ramp(320, 480));
  for (int frame = 2; frame < 5; ++frame) EXPECT_EQ(Said(), Ramp(160 * frame, 160));
  EXPECT_TRUE(Said().empty());
  // One that says a little and no more is heard all the same.
  line_.Say(Ramp(5, 10));
  EXPECT_TRUE(Said().empty());
  EXPECT_TRUE(Said().empty());
  EXPECT_EQ(Said().at(9), 14);
}

TEST_F(AudioLineTest, MoreThanTwoSecondsDoNotWait) {
  line_.Say(Ramp(0, 16'000 - 80));
  EXPECT_EQ(counters_->samples_dropped, 0u);
  line_.Say(Ramp(0, 100));
  EXPECT_EQ(counters_->samples_dropped, 20u);
  for (int frame = 0; frame < 100; ++frame) EXPECT_FALSE(Said().empty());
  EXPECT_TRUE(Said().empty());
}

TEST_F(AudioLineTest, ItHearsFromItsBeginningOn) {
  line_.Deliver(Ramp(1, 160));
  EXPECT_TRUE(Heard().empty());
  line_.Begin();
  EXPECT_TRUE(Heard().empty());
  line_.Deliver(Ramp(2, 160));
  line_.Deliver(Ramp(3, 160));
  EXPECT_EQ(Heard(), Ramp(2, 160));
  EXPECT_EQ(Heard(), Ramp(3, 160));
  EXPECT_TRUE(Heard().empty());
}

TEST_F(AudioLineTest, OneThatDoesNotHearInTimeIsTooSlow) {
  line_.Begin();
  for (int frame = 0; frame < 100; ++frame) line_.Deliver(Ramp(frame, 160));
  EXPECT_FALSE(line_.too_slow());
  line_.Deliver(Ramp(100, 160));
  EXPECT_TRUE(line_.too_slow());
  EXPECT_EQ(Heard(), Ramp(0, 160));
}

TEST(SampleRing, TwoThreadsLoseNothing) {
  constexpr int kSamples = 1'000'000;
  SampleRing ring(1000);
  std::thread puts([&ring] {
    for (int put = 0; put < kSamples;) {
      put += static_cast<int>(ring.Put(Ramp(put, std::min(77, kSamples - put))));
      std::this_thread::yield();
    }
  });
  std::vector<int16_t> taken(160);
  for (int next = 0; next < kSamples;) {
    const size_t count = ring.Take(taken);
    for (size_t i = 0; i < count; ++i) ASSERT_EQ(taken[i], static_cast<int16_t>(next++));
    if (count == 0) std::this_thread::yield();
  }
  puts.join();
}

}  // namespace
}  // namespace tutti::mediaplane
