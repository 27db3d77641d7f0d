#include "control/files/object_deleter.h"

#include "absl/synchronization/notification.h"
#include "common/s3/test_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

TEST(ObjectDeleter, DeletesAllFilesAndSaysSo) {
  SystemClock clock;
  s3::TestServer server;
  const auto bucket = s3::Bucket::Make(server.Options(), clock).value();
  ASSERT_TRUE(bucket->Put("r-1/a.wav", "audio/wav", "x").ok());
  ASSERT_TRUE(bucket->Put("r-1/a.json", "application/json", "{}").ok());
  ASSERT_TRUE(bucket->Put("r-2/a.wav", "audio/wav", "x").ok());
  prometheus::Registry registry;
  FileMetrics metrics(registry);
  std::vector<std::string> told;
  absl::Notification done;
  ObjectDeleter deleter(
      *bucket, metrics,
      [](const std::string& id) -> absl::StatusOr<std::vector<std::string>> {
        if (id == "r-0") return absl::NotFoundError("gone");
        return std::vector<std::string>{"a.wav", "a.json"};
      },
      [&](const std::string& id) {
        told.push_back(id);
        done.Notify();
      });
  deleter.Enqueue({"r-0", "r-1"});
  done.WaitForNotification();
  EXPECT_THAT(told, ::testing::ElementsAre("r-1"));
  EXPECT_FALSE(bucket->Size("r-1/a.wav").ok());
  EXPECT_FALSE(bucket->Size("r-1/a.json").ok());
  EXPECT_TRUE(bucket->Size("r-2/a.wav").ok());
}

TEST(ObjectDeleter, WhatFailsIsNotSaidToBeDone) {
  SystemClock clock;
  const auto bucket =
      s3::Bucket::Make(
          {.endpoint = "http://127.0.0.1:1", .bucket = "b", .access_key_id = "i", .secret_access_key = "s"}, clock)
          .value();
  prometheus::Registry registry;
  FileMetrics metrics(registry);
  absl::Notification asked;
  ObjectDeleter deleter(
      *bucket, metrics,
      [&](const std::string& id) -> absl::StatusOr<std::vector<std::string>> {
        if (id == "last") {
          asked.Notify();
          return absl::NotFoundError("gone");
        }
        return std::vector<std::string>{"a.wav"};
      },
      [](const std::string&) { FAIL(); });
  deleter.Enqueue({"r-1", "last"});
  asked.WaitForNotification();
}

}  // namespace
}  // namespace tutti::control
