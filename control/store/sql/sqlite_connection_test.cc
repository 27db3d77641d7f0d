#include "control/store/sql/sqlite_connection.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace tutti::sql {
namespace {

class SqliteConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/sqlXXXXXX";
    directory_ = mkdtemp(pattern.data());
    connection_ = Open("a.db");
    ASSERT_TRUE(connection_->ExecuteScript("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT, body BLOB)").ok());
  }
  void TearDown() override {
    connection_ = nullptr;
    std::filesystem::remove_all(directory_);
  }

  std::unique_ptr<SqliteConnection> Open(const std::string& name) {
    auto connection = SqliteConnection::Open(directory_ + "/" + name, SqliteConnection::Mode::kReadWrite);
    EXPECT_TRUE(connection.ok()) << connection.status();
    return *std::move(connection);
  }

  std::string directory_;
  std::unique_ptr<SqliteConnection> connection_;
};

TEST_F(SqliteConnectionTest, KeepsEveryKindOfValue) {
  const std::string bytes("a\0b", 3);
  ASSERT_TRUE(connection_->Execute("INSERT INTO t VALUES (?, ?, ?)", {INT64_MIN, "", Blob{bytes}}).ok());
  ASSERT_TRUE(connection_->Execute("INSERT INTO t VALUES (?, ?, ?)", {7, Value(), Blob{}}).ok());
  int rows = 0;
  auto result = connection_->Query("SELECT id, name, body FROM t ORDER BY id", {}, [&](const Row& row) {
    if (rows++ == 0) {
      EXPECT_EQ(row.Int64(0), INT64_MIN);
      EXPECT_FALSE(row.IsNull(1));
      EXPECT_EQ(row.Text(1), "");
      EXPECT_EQ(row.Text(2), bytes);
    } else {
      EXPECT_TRUE(row.IsNull(1));
      EXPECT_FALSE(row.IsNull(2));
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(rows, 2);
}

TEST_F(SqliteConnectionTest, CountsTouchedRowsAndRunsAStatementAgain) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(*connection_->Execute("INSERT INTO t (id, name) VALUES (?, ?)", {i, "x"}), 1);
  }
  EXPECT_EQ(*connection_->Execute("UPDATE t SET name = 'y' WHERE id > ?", {0}), 2);
  EXPECT_EQ(*connection_->Execute("UPDATE t SET name = 'y' WHERE id > ?", {5}), 0);
}

TEST_F(SqliteConnectionTest, MapsErrors) {
  ASSERT_TRUE(connection_->Execute("INSERT INTO t (id) VALUES (1)").ok());
  EXPECT_EQ(connection_->Execute("INSERT INTO t (id) VALUES (1)").status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(connection_->Execute("SELEC").status().code(), absl::StatusCode::kInternal);
  std::ofstream(directory_ + "/no.db") << std::string(8192, 'x');
  auto broken = SqliteConnection::Open(directory_ + "/no.db", SqliteConnection::Mode::kReadWrite);
  EXPECT_EQ(broken.status().code(), absl::StatusCode::kDataLoss) << broken.status();
  auto nowhere = SqliteConnection::Open(directory_ + "/none/no.db", SqliteConnection::Mode::kReadWrite);
  EXPECT_EQ(nowhere.status().code(), absl::StatusCode::kPermissionDenied) << nowhere.status();
}

TEST_F(SqliteConnectionTest, AnErrorOfTheReaderEndsTheStatement) {
  ASSERT_TRUE(connection_->ExecuteScript("INSERT INTO t (id) VALUES (1), (2)").ok());
  int rows = 0;
  auto result = connection_->Query("SELECT id FROM t", {}, [&](const Row&) {
    ++rows;
    return absl::DataLossError("no");
  });
  EXPECT_EQ(result.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(rows, 1);
  // The statement is free again.
  EXPECT_TRUE(connection_->Execute("DELETE FROM t").ok());
}

}  // namespace
}  // namespace tutti::sql
