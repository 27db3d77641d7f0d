#include "control/scheduler/task_queue.h"

#include <string>

#include "absl/synchronization/notification.h"
#include "control/scheduler/fake_monotonic_clock.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

// What has been posted so far and what is due has run. What is due is queued when
// the thread looks at the clock, perhaps behind the first task: hence two.
void Flush(TaskQueue& queue) {
  for (int round = 0; round < 2; ++round) {
    absl::Notification done;
    queue.Post([&done] { done.Notify(); });
    done.WaitForNotification();
  }
}

TEST(TaskQueueTest, RunsInOrder) {
  TaskQueue queue;
  std::string ran;
  for (char c = 'a'; c <= 'e'; ++c) queue.Post([&ran, c] { ran += c; });
  Flush(queue);
  EXPECT_EQ(ran, "abcde");
}

TEST(TaskQueueTest, RunsLaterTasksWhenTheirTimeHasCome) {
  FakeMonotonicClock clock;
  TaskQueue queue(clock.Function());
  std::string ran;
  queue.PostAfter(absl::Seconds(2), [&ran] { ran += 'c'; });
  queue.PostAfter(absl::Seconds(1), [&ran] { ran += 'a'; });
  queue.PostAfter(absl::Seconds(1), [&ran] { ran += 'b'; });
  Flush(queue);
  EXPECT_EQ(ran, "");
  clock.Advance(absl::Seconds(1));
  Flush(queue);
  EXPECT_EQ(ran, "ab");
  clock.Advance(absl::Hours(1));
  Flush(queue);
  EXPECT_EQ(ran, "abc");
}

TEST(TaskQueueTest, WithoutAThreadItRunsOneTaskACall) {
  FakeMonotonicClock clock;
  TaskQueue queue(clock.Function(), TaskQueue::Runner::kCaller);
  EXPECT_EQ(queue.NextDue(), absl::InfiniteDuration());
  EXPECT_FALSE(queue.RunOne());
  std::string ran;
  queue.PostAfter(absl::Seconds(2), [&ran] { ran += 'b'; });
  EXPECT_EQ(queue.NextDue(), absl::Seconds(2));
  EXPECT_FALSE(queue.RunOne());
  queue.Post([&ran] { ran += 'a'; });
  EXPECT_EQ(queue.NextDue(), absl::ZeroDuration());
  clock.Advance(absl::Seconds(2));
  EXPECT_TRUE(queue.RunOne());
  EXPECT_EQ(ran, "a");
  EXPECT_TRUE(queue.RunOne());
  EXPECT_FALSE(queue.RunOne());
  EXPECT_EQ(ran, "ab");
}

TEST(TaskQueueTest, StopDropsWhatWaits) {
  TaskQueue queue;
  absl::Notification started;
  auto witness = std::make_shared<int>(0);
  queue.PostAfter(absl::Hours(1), [witness] { ++*witness; });
  queue.Post([&started] { started.Notify(); });
  started.WaitForNotification();
  queue.Stop();
  queue.Post([witness] { ++*witness; });
  EXPECT_EQ(*witness, 0);
  EXPECT_EQ(witness.use_count(), 1);
}

}  // namespace
}  // namespace tutti::control
