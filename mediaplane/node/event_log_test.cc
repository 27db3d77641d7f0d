#include "mediaplane/node/event_log.h"

#include <gtest/gtest.h>

#include "common/clock/fake_clock.h"
#include "common/status/status.h"

namespace tutti::mediaplane {
namespace {

class EventLogTest : public testing::Test {
 protected:
  void Append(int events) {
    for (int i = 0; i < events; ++i) log_.Append({});
  }

  FakeClock clock_;
  EventLog log_{"epoch-1", clock_, 4};
};

TEST_F(EventLogTest, NumbersWithoutAHoleAndStampsTheTime) {
  EXPECT_GT(log_.oldest(), log_.latest());
  clock_.Advance(absl::Milliseconds(1500));
  Append(2);
  EXPECT_EQ(log_.oldest(), 1);
  EXPECT_EQ(log_.latest(), 2);
  const auto event = log_.After(1);
  ASSERT_TRUE(event.ok() && *event != nullptr);
  EXPECT_EQ((*event)->sequence(), 2);
  EXPECT_EQ((*event)->time().seconds(), 1'800'000'001);
  EXPECT_EQ((*event)->time().nanos(), 500'000'000);
  EXPECT_EQ(*log_.After(2), nullptr);
}

TEST_F(EventLogTest, AWatcherOvertakenByTheLogIsOutOfRange) {
  Append(6);
  EXPECT_EQ(log_.oldest(), 3);
  EXPECT_EQ(log_.After(1).status().code(), absl::StatusCode::kOutOfRange);
  ASSERT_TRUE(log_.After(2).ok());
  EXPECT_EQ((*log_.After(2))->sequence(), 3);
}

TEST_F(EventLogTest, APositionIsTakenOnlyInThisEpochAndInsideTheLog) {
  EXPECT_EQ(log_.Position("", 0).value(), 0);
  EXPECT_EQ(log_.Position("epoch-1", 0).value(), 0);
  EXPECT_FALSE(log_.Position("epoch-1", 1).ok());
  Append(6);
  EXPECT_EQ(log_.Position("", 0).value(), 2) << "begins with the oldest held";
  EXPECT_EQ(log_.Position("epoch-1", 2).value(), 2);
  EXPECT_EQ(log_.Position("epoch-1", 6).value(), 6);
  for (const auto& [epoch, sequence] :
       {std::pair<std::string, int64_t>{"epoch-1", 1}, {"epoch-1", 7}, {"epoch-1", -1}, {"epoch-0", 3}, {"", 3}}) {
    const auto position = log_.Position(epoch, sequence);
    EXPECT_EQ(position.status().code(), absl::StatusCode::kOutOfRange) << epoch << " " << sequence;
    EXPECT_EQ(GetErrorDetail(position.status()).reason, "WATCH_OUT_OF_RANGE");
  }
}

TEST_F(EventLogTest, WakesItsSubscribersUntilTheyLeave) {
  int first = 0, second = 0;
  const int64_t subscription = log_.Subscribe([&] { ++first; });
  log_.Subscribe([&] { ++second; });
  Append(1);
  log_.Unsubscribe(subscription);
  Append(1);
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
}

}  // namespace
}  // namespace tutti::mediaplane
