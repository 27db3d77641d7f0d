#include "common/s3/upload_progress.h"

#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tutti::s3 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class UploadProgressTest : public ::testing::Test {
 protected:
  std::string Path() const { return absl::StrCat(std::getenv("TEST_TMPDIR"), "/progress"); }
  void TearDown() override { std::remove(Path().c_str()); }
  void Append(const std::string& text) { std::ofstream(Path(), std::ios::app) << text; }

  const UploadProgress::Upload upload_ = {"recordings/a.wav", 30, 10, "id-1"};
};

TEST_F(UploadProgressTest, IsThereAgainAfterACrash) {
  EXPECT_FALSE(UploadProgress::Load(Path()).has_value());
  auto progress = UploadProgress::Begin(Path(), upload_);
  ASSERT_TRUE(progress.ok()) << progress.status();
  ASSERT_TRUE(progress->Add("\"e1\"").ok());
  ASSERT_TRUE(progress->Add("\"e2\"").ok());
  const auto again = UploadProgress::Load(Path());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->upload().key, "recordings/a.wav");
  EXPECT_EQ(again->upload().bytes, 30);
  EXPECT_EQ(again->upload().part_bytes, 10);
  EXPECT_EQ(again->upload().id, "id-1");
  EXPECT_THAT(again->etags(), ElementsAre("\"e1\"", "\"e2\""));
  progress->Remove();
  EXPECT_FALSE(UploadProgress::Load(Path()).has_value());
}

TEST_F(UploadProgressTest, ATornLineIsNoPart) {
  ASSERT_TRUE(UploadProgress::Begin(Path(), upload_)->Add("\"e1\"").ok());
  Append("\"e2");
  auto progress = UploadProgress::Load(Path());
  ASSERT_TRUE(progress.has_value());
  EXPECT_THAT(progress->etags(), ElementsAre("\"e1\""));
  ASSERT_TRUE(progress->Add("\"e3\"").ok());
  EXPECT_THAT(UploadProgress::Load(Path())->etags(), ElementsAre("\"e1\"", "\"e3\""));
}

TEST_F(UploadProgressTest, WhatCantBeReadIsNone) {
  for (const char* bad : {"", "\n", "tutti upload 1\nk\n3", "tutti upload 1\nk\n3\n1\n", "tutti upload 1\nk\n3\n1\n\n",
                          "tutti upload 1\nk\nx\n1\nid\n", "something else\nk\n3\n1\nid\n"}) {
    Append(bad);
    EXPECT_FALSE(UploadProgress::Load(Path()).has_value()) << bad;
    TearDown();
  }
  Append("tutti upload 1\nk\n3\n1\nid\n");
  EXPECT_THAT(UploadProgress::Load(Path())->etags(), IsEmpty());
}

TEST_F(UploadProgressTest, ADiskThatRefusesIsAnError) {
  EXPECT_EQ(UploadProgress::Begin("/nowhere/progress", upload_).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tutti::s3
