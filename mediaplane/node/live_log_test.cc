#include "mediaplane/node/live_log.h"

#include <gtest/gtest.h>

#include "common/clock/fake_clock.h"

namespace tutti::mediaplane {
namespace {

media::v1::LiveEvent Digit(const char* digit) {
  media::v1::LiveEvent event;
  event.mutable_leg_dtmf()->set_digit(digit);
  return event;
}

TEST(LiveLogTest, NumbersStampsAndTells) {
  FakeClock clock;
  LiveLog log(clock);
  EXPECT_EQ(log.After(0), nullptr);
  int woken = 0;
  const int64_t subscription = log.Subscribe([&woken] { ++woken; });
  log.Append(Digit("1"));
  log.Append(Digit("2"));
  EXPECT_EQ(woken, 2);
  ASSERT_NE(log.After(0), nullptr);
  EXPECT_EQ(log.After(0)->sequence(), 1);
  EXPECT_EQ(log.After(0)->time().seconds(), absl::ToUnixSeconds(clock.Now()));
  EXPECT_EQ(log.After(1)->leg_dtmf().digit(), "2");
  EXPECT_EQ(log.After(2), nullptr);
  log.Unsubscribe(subscription);
  log.Append(Digit("3"));
  EXPECT_EQ(woken, 2);
}

TEST(LiveLogTest, WhatWasLostIsAHole) {
  FakeClock clock;
  LiveLog log(clock);
  log.Append(Digit("1"));
  log.Lose(5);
  EXPECT_EQ(log.After(1), nullptr);
  log.Append(Digit("7"));
  EXPECT_EQ(log.After(1)->sequence(), 7);
  EXPECT_EQ(log.latest(), 7);
}

TEST(LiveLogTest, WhoFallsBehindGoesOnWithTheOldestHeld) {
  FakeClock clock;
  LiveLog log(clock, 3);
  for (int i = 0; i < 10; ++i) log.Append(Digit("1"));
  EXPECT_EQ(log.After(2)->sequence(), 8);
  EXPECT_EQ(log.After(8)->sequence(), 9);
  EXPECT_EQ(log.After(10), nullptr);
}

}  // namespace
}  // namespace tutti::mediaplane
