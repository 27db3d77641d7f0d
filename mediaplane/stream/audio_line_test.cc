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

// A program that speaks: 1.1 s, which are never below the gate and differ from each
// other, then 0.4 s of silence, again and again; and what comes out of it.
class SaidDelayTest : public AudioLineTest {
 protected:
  static constexpr int kFrame = 160;

  int16_t SpeechAt(int64_t sample) const {
    const bool pauses = pauses_ && sample % 12'000 >= 8'800;
    return pauses ? int16_t{0} : static_cast<int16_t>(1'000 + sample % 30'011);
  }
  void Say(int64_t samples) {
    std::vector<int16_t> piece;
    for (int64_t i = 0; i < samples; ++i) piece.push_back(SpeechAt(sent_ + i));
    line_.Say(piece);
    sent_ += samples;
  }
  // So many frames of ours, while the program says `rate` times as much in pieces.
  void Speak(int frames, double rate, int64_t piece = kFrame) {
    for (int i = 0; i < frames; ++i) {
      for (due_ += kFrame * rate; due_ >= static_cast<double>(piece); due_ -= static_cast<double>(piece)) Say(piece);
      Take();
    }
  }
  void Take() {
    const std::vector<int16_t> frame = Said();
    if (frame.empty() && !heard_.empty()) ++frames_dry_;
    for (const int16_t sample : frame) {
      if (sample != 0) heard_.push_back(sample);
    }
  }
  // All speech in the order that it was said, but for what waits and for silence.
  void ExpectNothingOfItsSpeechLost() const {
    int64_t sample = 0;
    for (const int16_t heard : heard_) {
      while (SpeechAt(sample) == 0) ++sample;
      ASSERT_EQ(heard, SpeechAt(sample)) << sample;
      ++sample;
    }
    EXPECT_GE(sample, sent_ - 16'000);
  }
  // What waits before a frame is taken.
  int64_t DelayMs() {
    std::vector<int16_t> frame(kFrame);
    int64_t samples = 0;
    while (line_.TakeSaid(frame)) samples += kFrame;
    return samples / 8;
  }

  bool pauses_ = true;
  int64_t sent_ = 0;
  double due_ = 0;
  std::vector<int16_t> heard_;
  int frames_dry_ = 0;  // since something was heard first
};

TEST_F(SaidDelayTest, AClockThatIsFasterBuildsUpNoDelay) {
  Speak(5 * 60 * 50, 1.0005);
  ExpectNothingOfItsSpeechLost();
  EXPECT_NEAR(static_cast<double>(counters_->frames_left_out), 5 * 60 * 50 * 0.0005, 3);
  EXPECT_LE(DelayMs(), 20 * (SaidDelay::kWaitFramesMax + 2));
}

TEST_F(SaidDelayTest, AClockThatIsSlowerNeverRunsDry) {
  Speak(5 * 60 * 50, 0.9995);
  ExpectNothingOfItsSpeechLost();
  EXPECT_NEAR(static_cast<double>(counters_->frames_added), 5 * 60 * 50 * 0.0005, 3);
  EXPECT_EQ(frames_dry_, 0);
  EXPECT_EQ(counters_->frames_left_out, 0u);
  EXPECT_GE(DelayMs(), 20);
}

TEST_F(SaidDelayTest, WhatWaitsAfterAStallIsGoneInTheNextPauses) {
  for (const int64_t piece : {kFrame, 5 * kFrame, 10 * kFrame}) {
    Speak(500, 1, piece);
    const uint64_t before = counters_->frames_left_out;
    // Its way was blocked for a second.
    for (int i = 0; i < 50; ++i) Take();
    Say(8'000);
    Speak(20 * 50, 1, piece);
    // What waits in any case is as much less of it as the pieces are long.
    EXPECT_GE(counters_->frames_left_out - before, 35u) << piece;
    EXPECT_LE(counters_->frames_left_out - before, 50u) << piece;
  }
  ExpectNothingOfItsSpeechLost();
  EXPECT_LE(DelayMs(), 300);
}

TEST_F(SaidDelayTest, WhatIsSentAtOnceIsPlayedWhole) {
  // A sentence of 1.9 s, whose pause is in it, each 2 s, for minutes.
  for (int i = 0; i < 100; ++i) {
    Say(15'200);
    for (int frame = 0; frame < 100; ++frame) Take();
  }
  // And one that never lets the line run dry.
  for (int i = 0; i < 100; ++i) {
    Say(i == 0 ? 15'200 : 8'000);
    for (int frame = 0; frame < 50; ++frame) Take();
  }
  EXPECT_EQ(counters_->frames_left_out, 0u);
  EXPECT_EQ(counters_->frames_added, 0u);
  EXPECT_EQ(counters_->samples_dropped, 0u);
  ExpectNothingOfItsSpeechLost();
}

TEST_F(SaidDelayTest, ASentenceBehindADelayIsPlayedWhole) {
  pauses_ = false;
  // 400 ms wait, and there was no pause to make it less.
  Say(3'200);
  Speak(20 * 50, 1);
  EXPECT_EQ(counters_->frames_left_out, 0u);
  // Silence in what is sent at once stays.
  pauses_ = true;
  sent_ = 0;
  heard_.clear();
  Say(12'000);
  for (int frame = 0; frame < 100; ++frame) Take();
  EXPECT_EQ(counters_->frames_left_out, 0u);
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
