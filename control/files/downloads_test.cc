#include "control/files/downloads.h"

#include <atomic>

#include "absl/synchronization/notification.h"
#include "common/status/status.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

std::string ReasonOf(const absl::Status& status) { return GetErrorDetail(status).reason; }

TEST(Downloads, RunAtTheSameTimeUpToALimit) {
  absl::Notification release;
  std::atomic<int> begun = 0;
  Downloads downloads(3, 2);
  const auto task = [&] {
    ++begun;
    release.WaitForNotification();
  };
  EXPECT_TRUE(downloads.Run("a", task).ok());
  EXPECT_TRUE(downloads.Run("a", task).ok());
  EXPECT_EQ(ReasonOf(downloads.Run("a", task)), "RATE_LIMIT_EXCEEDED");
  EXPECT_TRUE(downloads.Run("b", task).ok());
  EXPECT_EQ(ReasonOf(downloads.Run("c", task)), "RATE_LIMIT_EXCEEDED");
  while (begun < 3) std::this_thread::yield();
  EXPECT_EQ(downloads.Running(), 3);
  release.Notify();
  while (downloads.Running() > 0) std::this_thread::yield();
  absl::Notification again;
  EXPECT_TRUE(downloads.Run("c", [&] { again.Notify(); }).ok());
  again.WaitForNotification();
}

TEST(Downloads, ItsEndWaitsAndTakesNoMore) {
  Downloads downloads(3, 3);
  std::atomic<bool> done = false;
  EXPECT_TRUE(downloads.Run("a", [&] { done = true; }).ok());
  downloads.Stop();
  EXPECT_TRUE(done);
  EXPECT_EQ(ReasonOf(downloads.Run("a", [] {})), "SHUTTING_DOWN");
}

}  // namespace
}  // namespace tutti::control
