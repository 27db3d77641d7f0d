#include "mediaplane/node/control_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

#include "absl/synchronization/notification.h"

namespace tutti::mediaplane {
namespace {

TEST(ControlThread, RunsTasksInOrderAndAllOfThemBeforeItEnds) {
  std::vector<int> order;
  auto thread = std::make_unique<ControlThread>([] { return absl::InfiniteDuration(); });
  for (int i = 0; i < 100; ++i) thread->Post([&order, i] { order.push_back(i); });
  thread.reset();
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
}

TEST(ControlThread, PollsAfterTasksAndAgainWhenItsTimeIsOver) {
  absl::Notification polled_often;
  std::atomic<int> polls = 0;
  ControlThread thread([&] {
    if (++polls == 5) polled_often.Notify();
    return absl::Milliseconds(1);
  });
  polled_often.WaitForNotification();
  const int before = polls;
  thread.Run([] {});
  thread.Run([] {});
  EXPECT_GT(polls, before);
}

TEST(ControlThread, RefusesMoreThanItsBound) {
  absl::Notification blocked, release;
  ControlThread thread([] { return absl::InfiniteDuration(); });
  thread.Post([&] {
    blocked.Notify();
    release.WaitForNotification();
  });
  blocked.WaitForNotification();
  int accepted = 0, ran = 0;
  while (thread.TryPost([&] { ++ran; })) ++accepted;
  EXPECT_EQ(accepted, static_cast<int>(ControlThread::kTasksMax));
  release.Notify();
  thread.Run([] {});
  EXPECT_EQ(ran, accepted);
  EXPECT_TRUE(thread.TryPost([] {}));
}

}  // namespace
}  // namespace tutti::mediaplane
