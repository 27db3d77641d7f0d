#include "control/server/open_store.h"

#include <string>

#include "common/clock/fake_clock.h"
#include "common/status/status.h"
#include "control/store/testing/test_store.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

class OpenStoreTest : public ::testing::Test {
 protected:
  OpenStoreTest() {
    settings_.data_dir = database_.folder() + "/data";
    settings_.postgres_url = database_.postgres_url();
    settings_.monotonic = [this] { return now_ += absl::Seconds(3); };
  }

  // Each look at the clock takes three seconds.
  absl::Duration now_;
  FakeClock clock_;
  TestDatabase database_;
  StoreSettings settings_;
};

TEST_F(OpenStoreTest, OneProcessHasAFileManyShareAServer) {
  const auto first = OpenStore(settings_, clock_);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = OpenStore(settings_, clock_);
  if (TestDatabase::IsPostgres()) {
    EXPECT_TRUE(second.ok()) << second.status();
  } else {
    EXPECT_EQ(GetErrorDetail(second.status()).reason, "STORE_IN_USE") << second.status();
  }
}

TEST_F(OpenStoreTest, AFolderThatCantBeMadeIsOneSentence) {
  settings_.postgres_url.clear();
  settings_.data_dir = "/proc/nowhere";
  const absl::Status status = OpenStore(settings_, clock_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
}

TEST_F(OpenStoreTest, AServerThatIsNotThereIsOneSentenceWithoutThePassword) {
  settings_.postgres_url = "postgresql://me:geheim@/rooms?host=" + database_.folder() + "&port=5432";
  const absl::Status status = OpenStore(settings_, clock_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  const std::string message(status.message());
  EXPECT_NE(message.find("rooms on " + database_.folder()), std::string::npos) << message;
  EXPECT_EQ(message.find("geheim"), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  EXPECT_GT(now_, settings_.start_wait_max) << "it waits for a server that starts";
}

TEST_F(OpenStoreTest, AUrlThatIsNoneIsRefusedAtOnce) {
  for (const char* url : {"postgresql://me:ge%zzheim@host/rooms", "mysql://me:geheim@host", "nonsense"}) {
    now_ = absl::ZeroDuration();
    settings_.postgres_url = url;
    const absl::Status status = OpenStore(settings_, clock_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << url;
    EXPECT_EQ(std::string(status.message()).find("heim"), std::string::npos) << status;
    EXPECT_LT(now_, settings_.start_wait_max);
  }
}

TEST(DescribeStoreTest, SaysWhereItIsWithoutThePassword) {
  EXPECT_EQ(DescribeStore("/data", ""), "/data/tutti.db");
  EXPECT_EQ(DescribeStore("/data", "postgresql://me:geheim@db.example:6000/rooms"),
            "PostgreSQL: rooms on db.example:6000 as me");
}

}  // namespace
}  // namespace tutti::control
