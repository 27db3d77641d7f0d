#include "control/store/sqlite_store.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "common/clock/fake_clock.h"
#include "common/status/status.h"
#include "control/store/migrate.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

class SqliteStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/storeXXXXXX";
    directory_ = mkdtemp(pattern.data());
    path_ = directory_ + "/tutti.db";
    options_.own_thread = false;
    options_.on_commit = [this](const SqliteStore::CommitReport& report) { commits_.push_back(report.steps); };
  }
  void TearDown() override {
    store_ = nullptr;
    std::filesystem::remove_all(directory_);
  }

  void Open() {
    store_ = nullptr;
    auto store = SqliteStore::Open(path_, clock_, options_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  void Set(const std::string& name, absl::Status result) {
    store_->Submit(
        [name, result](Transaction& tx) -> absl::Status {
          TUTTI_RETURN_IF_ERROR(tx.meta.Set(name, "value"));
          return result;
        },
        [this](absl::Status status) { done_.push_back(std::move(status)); });
  }
  bool IsSet(const std::string& name) {
    bool found = false;
    EXPECT_TRUE(store_
                    ->Read([&](Transaction& tx) -> absl::Status {
                      TUTTI_ASSIGN_OR_RETURN(const auto value, tx.meta.Find(name));
                      found = value.has_value();
                      return absl::OkStatus();
                    })
                    .ok());
    return found;
  }

  FakeClock clock_;
  std::string directory_;
  std::string path_;
  SqliteStore::Options options_;
  std::vector<size_t> commits_;
  std::vector<absl::Status> done_;
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(SqliteStoreTest, CommitsWhatWaitsTogetherAndAnswersAfterTheCommit) {
  Open();
  for (const char* name : {"a", "b", "c"}) Set(name, absl::OkStatus());
  EXPECT_TRUE(done_.empty());
  EXPECT_FALSE(IsSet("a"));
  EXPECT_TRUE(store_->RunPending());
  EXPECT_EQ(commits_, std::vector<size_t>{3});
  ASSERT_EQ(done_.size(), 3u);
  EXPECT_TRUE(done_[0].ok() && done_[1].ok() && done_[2].ok());
  EXPECT_TRUE(IsSet("c"));
  EXPECT_FALSE(store_->RunPending());
}

TEST_F(SqliteStoreTest, AFailingStepIsUndoneAlone) {
  Open();
  Set("a", absl::OkStatus());
  Set("b", absl::NotFoundError("no"));
  Set("c", absl::OkStatus());
  store_->RunPending();
  ASSERT_EQ(done_.size(), 3u);
  EXPECT_TRUE(done_[0].ok());
  EXPECT_EQ(done_[1], absl::NotFoundError("no"));
  EXPECT_TRUE(done_[2].ok());
  EXPECT_TRUE(IsSet("a"));
  EXPECT_FALSE(IsSet("b"));
  EXPECT_TRUE(IsSet("c"));
}

TEST_F(SqliteStoreTest, OnlyAFailingStepThatHasWrittenMakesTheOthersRunAgain) {
  Open();
  int runs = 0;
  const auto count_run = [&](Transaction& tx) {
    ++runs;
    return tx.meta.Set("counted", "value");
  };
  const auto keep = [this](absl::Status status) { done_.push_back(std::move(status)); };
  store_->Submit(count_run, keep);
  store_->Submit([](Transaction&) { return absl::NotFoundError("nothing was written"); }, keep);
  store_->RunPending();
  EXPECT_EQ(runs, 1);
  store_->Submit(count_run, keep);
  Set("b", absl::NotFoundError("no"));
  store_->RunPending();
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(commits_, (std::vector<size_t>{2, 2}));
  ASSERT_EQ(done_.size(), 4u);
  EXPECT_TRUE(done_[0].ok() && done_[2].ok());
  EXPECT_TRUE(absl::IsNotFound(done_[1]) && absl::IsNotFound(done_[3]));
  EXPECT_TRUE(IsSet("counted"));
  EXPECT_FALSE(IsSet("b"));
}

TEST_F(SqliteStoreTest, ABatchIsBounded) {
  options_.batch_max = 2;
  Open();
  for (int i = 0; i < 5; ++i) Set(std::to_string(i), absl::OkStatus());
  while (store_->RunPending()) {
  }
  EXPECT_EQ(commits_, (std::vector<size_t>{2, 2, 1}));
}

TEST_F(SqliteStoreTest, ASecondProcessIsRefusedInASentence) {
  Open();
  const pid_t child = fork();
  if (child == 0) {
    FakeClock clock;
    const absl::Status status = SqliteStore::Open(path_, clock, {}).status();
    _exit(GetErrorDetail(status).reason == "STORE_IN_USE" ? 0 : 1);
  }
  int result = -1;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_EQ(result, 0);
}

TEST_F(SqliteStoreTest, ADataBaseOfANewerProgramIsRefused) {
  Open();
  store_ = nullptr;
  {
    auto connection = sql::SqliteConnection::Open(path_, sql::SqliteConnection::Mode::kReadWrite);
    ASSERT_TRUE((*connection)->ExecuteScript("UPDATE schema_version SET version = 9999").ok());
  }
  const absl::Status status = SqliteStore::Open(path_, clock_, options_).status();
  EXPECT_EQ(GetErrorDetail(status).reason, "SCHEMA_TOO_NEW") << status;
}

TEST_F(SqliteStoreTest, AFailingMigrationLeavesNothing) {
  auto connection = sql::SqliteConnection::Open(path_, sql::SqliteConnection::Mode::kReadWrite);
  ASSERT_TRUE(connection.ok());
  const Migration good{1, "0001_good", "CREATE TABLE a (x BIGINT)"};
  const Migration bad{2, "0002_bad", "CREATE TABLE b (x BIGINT); CREATE TABLE a (x BIGINT)"};
  EXPECT_FALSE(Migrate(**connection, {good, bad}).ok());
  const Migration mended{2, "0002_mended", "CREATE TABLE b (x BIGINT)"};
  EXPECT_TRUE(Migrate(**connection, {good, mended}).ok());
  EXPECT_TRUE(Migrate(**connection, {good, mended}).ok());
}

TEST_F(SqliteStoreTest, ItsThreadRunsStepsOfManyInOrder) {
  constexpr int kThreads = 4;
  constexpr int kSteps = 200;
  options_.own_thread = true;
  options_.on_commit = nullptr;
  Open();
  absl::BlockingCounter left(kThreads * kSteps);
  std::atomic<int> disorder{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      auto last = std::make_shared<int>(-1);
      for (int i = 0; i < kSteps; ++i) {
        store_->Submit(
            [t, i](Transaction& tx) { return tx.meta.Set(std::to_string(t) + "/" + std::to_string(i), "x"); },
            [&, i, last](const absl::Status& status) {
              if (!status.ok() || *last != i - 1) ++disorder;
              *last = i;
              left.DecrementCount();
            });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  left.Wait();
  EXPECT_EQ(disorder, 0);
  EXPECT_TRUE(IsSet("3/199"));
}

}  // namespace
}  // namespace tutti::control
