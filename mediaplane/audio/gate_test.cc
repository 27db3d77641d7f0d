#include "mediaplane/audio/gate.h"

#include <gtest/gtest.h>

#include <vector>

#include "mediaplane/audio/talk.h"

namespace tutti::mediaplane {
namespace {

constexpr size_t kSamples = 160;
using State = SpeechGate::State;
using Change = TalkDetector::Change;

// Of a frame whose samples all have this magnitude.
uint64_t SumSquares(int magnitude) {
  return static_cast<uint64_t>(magnitude) * static_cast<uint64_t>(magnitude) * kSamples;
}

TEST(SpeechGateTest, ThresholdIsMinus55Decibels) {
  EXPECT_FALSE(AboveGate(SumSquares(58), kSamples));  // -55.04 dBFS
  EXPECT_TRUE(AboveGate(SumSquares(59), kSamples));   // -54.89 dBFS
}

TEST(SpeechGateTest, InTheMixWhileLoudAndHalfASecondLonger) {
  SpeechGate gate;
  EXPECT_EQ(gate.Update(0, kSamples), State::kClosed);
  EXPECT_EQ(gate.Update(SumSquares(1000), kSamples), State::kOpening);
  EXPECT_EQ(gate.Update(SumSquares(1000), kSamples), State::kOpen);
  for (int i = 0; i < 25; ++i) ASSERT_EQ(gate.Update(0, kSamples), State::kOpen) << i;
  EXPECT_EQ(gate.Update(0, kSamples), State::kClosing);
  EXPECT_EQ(gate.Update(0, kSamples), State::kClosed);
}

TEST(SpeechGateTest, SpeechWhileClosingOpensAgain) {
  SpeechGate gate;
  gate.Update(SumSquares(1000), kSamples);
  for (int i = 0; i < 25; ++i) gate.Update(0, kSamples);
  EXPECT_EQ(gate.Update(0, kSamples), State::kClosing);
  EXPECT_EQ(gate.Update(SumSquares(1000), kSamples), State::kOpening);
}

TEST(TalkDetectorTest, OnAfterAHundredMillisecondsOffAfterEightHundred) {
  TalkDetector talk;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(talk.Update(SumSquares(2000), kSamples), Change::kNone);
  EXPECT_EQ(talk.Update(SumSquares(2000), kSamples), Change::kStarted);
  EXPECT_TRUE(talk.talking());
  for (int i = 0; i < 39; ++i) ASSERT_EQ(talk.Update(0, kSamples), Change::kNone);
  EXPECT_EQ(talk.Update(0, kSamples), Change::kStopped);
  EXPECT_FALSE(talk.talking());
  EXPECT_EQ(talk.Update(0, kSamples), Change::kNone);
}

TEST(TalkDetectorTest, ClicksAndNoiseBelowMinus45AreNotTalk) {
  TalkDetector talk;
  for (int i = 0; i < 200; ++i) ASSERT_EQ(talk.Update(SumSquares(i % 3 == 0 ? 20'000 : 0), kSamples), Change::kNone);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(talk.Update(SumSquares(184), kSamples), Change::kNone);
  for (int i = 0; i < 5; ++i) talk.Update(SumSquares(185), kSamples);
  EXPECT_TRUE(talk.talking());
}

TEST(TalkDetectorTest, PausesBetweenWordsAreTalk) {
  TalkDetector talk;
  std::vector<Change> changes;
  for (int word = 0; word < 10; ++word) {
    for (int i = 0; i < 50; ++i) {
      const Change change = talk.Update(SumSquares(i < 15 ? 3000 : 0), kSamples);
      if (change != Change::kNone) changes.push_back(change);
    }
  }
  EXPECT_EQ(changes, std::vector<Change>{Change::kStarted});
}

}  // namespace
}  // namespace tutti::mediaplane
