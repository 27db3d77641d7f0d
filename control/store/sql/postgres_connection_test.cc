#include "control/store/sql/postgres_connection.h"

#include <memory>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "control/store/testing/postgres_server.h"
#include "gtest/gtest.h"

namespace tutti::sql {
namespace {

class PostgresConnectionTest : public ::testing::Test {
 protected:
  PostgresConnectionTest() : url_(control::PostgresServer::Get().MakeEmptyDatabase()), connection_(Connect()) {
    EXPECT_TRUE(connection_->ExecuteScript("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT, bytes BYTEA)").ok());
  }
  ~PostgresConnectionTest() override {
    connection_ = nullptr;
    control::PostgresServer::Get().DropDatabase(url_);
  }

  std::unique_ptr<PostgresConnection> Connect() { return PostgresConnection::Open(url_).value(); }

  const std::string url_;
  std::unique_ptr<PostgresConnection> connection_;
};

TEST_F(PostgresConnectionTest, ReadsWhatItWrote) {
  const std::string bytes("\0\xff'", 3);
  ASSERT_EQ(*connection_->Execute("INSERT INTO t (id, name, bytes) VALUES (?, ?, ?)", {-7, "it's?", Blob{bytes}}), 1);
  ASSERT_EQ(*connection_->Execute("INSERT INTO t (id, name, bytes) VALUES (?, ?, ?)", {8, Value(), Value()}), 1);
  int rows = 0;
  auto result =
      connection_->Query("SELECT id, name, bytes, '?' FROM t WHERE id < ? ORDER BY id", {9}, [&](const Row& row) {
        if (++rows == 1) {
          EXPECT_EQ(row.Int64(0), -7);
          EXPECT_EQ(row.Text(1), "it's?");
          EXPECT_EQ(row.Text(2), bytes);
          EXPECT_EQ(row.Text(3), "?");
        } else {
          EXPECT_TRUE(row.IsNull(1));
          EXPECT_EQ(row.Text(2), "");
          EXPECT_EQ(row.Int64(1), 0);
        }
        return absl::OkStatus();
      });
  EXPECT_EQ(*result, 0) << "a SELECT touches nothing";
  EXPECT_EQ(rows, 2);
  EXPECT_EQ(*connection_->Execute("UPDATE t SET name = 'y' WHERE id > ?", {-100}), 2);
}

TEST_F(PostgresConnectionTest, MapsErrors) {
  const auto code = [this](const char* sql) { return connection_->Execute(sql).status().code(); };
  ASSERT_TRUE(connection_->Execute("INSERT INTO t (id) VALUES (1)").ok());
  EXPECT_EQ(code("INSERT INTO t (id) VALUES (1)"), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(code("SELEC"), absl::StatusCode::kInternal);
  EXPECT_EQ(connection_->Execute("SELECT id FROM t WHERE id = ?").status().code(), absl::StatusCode::kInternal)
      << "a value is missing";
  EXPECT_EQ(connection_->Execute("INSERT INTO t (id, name) VALUES (2, ?)", {std::string("a\0b", 3)}).status().code(),
            absl::StatusCode::kInternal)
      << "text is not cut at a NUL";
  ASSERT_TRUE(connection_->ExecuteScript("CREATE ROLE nobody; SET ROLE nobody").ok());
  EXPECT_EQ(code("DELETE FROM t"), absl::StatusCode::kPermissionDenied);
  ASSERT_TRUE(connection_->ExecuteScript("RESET ROLE; DROP ROLE nobody; SET statement_timeout = 10").ok());
  EXPECT_EQ(code("SELECT pg_sleep(100)"), absl::StatusCode::kUnavailable);
}

TEST_F(PostgresConnectionTest, ALostRaceIsToBeRunAgain) {
  ASSERT_TRUE(connection_->ExecuteScript("INSERT INTO t (id) VALUES (1)").ok());
  ASSERT_TRUE(connection_->ExecuteScript("BEGIN; DELETE FROM t").ok());
  const auto other = Connect();
  ASSERT_TRUE(other->ExecuteScript("SET lock_timeout = 10; BEGIN ISOLATION LEVEL REPEATABLE READ").ok());
  absl::Status lost = other->Execute("DELETE FROM t").status();
  EXPECT_EQ(GetErrorDetail(lost).reason, kRowChanged) << lost;
  EXPECT_TRUE(other->InTransaction());
  ASSERT_TRUE(other->ExecuteScript("ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT id FROM t").ok());
  ASSERT_TRUE(connection_->Commit().ok());
  lost = other->Execute("DELETE FROM t").status();
  EXPECT_TRUE(absl::IsAborted(lost)) << lost;
  EXPECT_EQ(GetErrorDetail(lost).reason, kRowChanged) << lost;
}

TEST_F(PostgresConnectionTest, ACommitAfterAnErrorIsAnError) {
  ASSERT_TRUE(connection_->ExecuteScript("BEGIN; INSERT INTO t (id) VALUES (1)").ok());
  EXPECT_FALSE(connection_->Execute("INSERT INTO t (id) VALUES (1)").ok());
  EXPECT_FALSE(connection_->Commit().ok());
  EXPECT_FALSE(connection_->InTransaction());
  EXPECT_FALSE(connection_->IsBroken());
}

TEST_F(PostgresConnectionTest, ABrokenOneSaysSo) {
  ASSERT_TRUE(connection_->ExecuteScript("BEGIN").ok());
  ASSERT_TRUE(Connect()->Execute("SELECT pg_terminate_backend(?)", {connection_->ServerPid()}).ok());
  EXPECT_EQ(connection_->Execute("SELECT 1").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(connection_->IsBroken());
  EXPECT_FALSE(connection_->InTransaction());
}

TEST_F(PostgresConnectionTest, AnErrorOfTheReaderEndsTheStatement) {
  ASSERT_TRUE(connection_->ExecuteScript("INSERT INTO t (id) VALUES (1), (2)").ok());
  int rows = 0;
  auto result = connection_->Query("SELECT id FROM t", {}, [&](const Row&) {
    ++rows;
    return absl::DataLossError("no");
  });
  EXPECT_EQ(result.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(rows, 1);
  EXPECT_TRUE(connection_->Execute("DELETE FROM t").ok());
}

TEST_F(PostgresConnectionTest, HearsOfOthersOnly) {
  ASSERT_TRUE(connection_->ExecuteScript("LISTEN tutti; NOTIFY tutti").ok());
  EXPECT_FALSE(*connection_->TakeNotifications());
  ASSERT_TRUE(Connect()->ExecuteScript("NOTIFY tutti").ok());
  // What was sent before this answer comes with it.
  ASSERT_TRUE(connection_->ExecuteScript("SELECT 1").ok());
  EXPECT_TRUE(*connection_->TakeNotifications());
  EXPECT_FALSE(*connection_->TakeNotifications());
}

}  // namespace
}  // namespace tutti::sql
