#include "common/s3/upload.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/s3/test_server.h"
#include "common/s3/upload_progress.h"
#include "common/status/status.h"
#include "common/testing/http_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tutti::s3 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kPart = 5 * 1024 * 1024;

class UploadTest : public ::testing::Test {
 protected:
  UploadTest() : folder_(absl::StrCat(std::getenv("TEST_TMPDIR"), "/upload")) {
    std::filesystem::create_directories(folder_);
    options_.part_bytes = kPart;
    options_.pause = [this](absl::Duration) {
      ++pauses_;
      if (on_pause_) on_pause_();
      return going_on_;
    };
    auto bucket = Bucket::Make(server_.Options(), clock_);
    bucket_ = *std::move(bucket);
  }
  ~UploadTest() override { std::filesystem::remove_all(folder_); }

  std::string Path() const { return folder_ + "/a.wav"; }
  std::string ProgressPath() const { return folder_ + "/a.wav.upload"; }

  // Bytes that tell where they are.
  void MakeFile(int64_t bytes) {
    content_.clear();
    for (int64_t i = 0; static_cast<int64_t>(content_.size()) < bytes; ++i) absl::StrAppend(&content_, i, " ");
    content_.resize(static_cast<size_t>(bytes));
    std::ofstream(Path(), std::ios::binary) << content_;
  }

  absl::Status Upload() { return UploadFile(*bucket_, Path(), "r/a.wav", "audio/wav", ProgressPath(), options_); }

  void ExpectUploaded() {
    std::string got;
    ASSERT_EQ(bucket_->Get("r/a.wav", 0, static_cast<int64_t>(content_.size()),
                           [&](std::string_view bytes) {
                             got.append(bytes);
                             return true;
                           }),
              absl::OkStatus());
    // Not printed: megabytes.
    EXPECT_TRUE(got == content_);
    EXPECT_FALSE(std::filesystem::exists(ProgressPath()));
    EXPECT_TRUE(std::filesystem::exists(Path()));
  }

  SystemClock clock_;
  TestServer server_;
  const std::string folder_;
  std::unique_ptr<Bucket> bucket_;
  UploadOptions options_;
  std::string content_;
  int pauses_ = 0;
  bool going_on_ = true;
  std::function<void()> on_pause_;
};

TEST_F(UploadTest, ASmallFileGoesAtOnce) {
  MakeFile(1000);
  ASSERT_EQ(Upload(), absl::OkStatus());
  ExpectUploaded();
}

TEST_F(UploadTest, AnEmptyFileIsOne) {
  MakeFile(0);
  ASSERT_EQ(Upload(), absl::OkStatus());
  EXPECT_EQ(bucket_->Size("r/a.wav").value(), 0);
}

TEST_F(UploadTest, ALargeFileGoesInParts) {
  MakeFile(2 * kPart + 17);
  ASSERT_EQ(Upload(), absl::OkStatus());
  ExpectUploaded();
  EXPECT_EQ(pauses_, 0);
}

TEST_F(UploadTest, AServerThatDiesUnderItIsWaitedFor) {
  MakeFile(3 * kPart);
  // Parts 1 and 2 are there when it dies.
  const auto id = bucket_->BeginUpload("r/a.wav", "audio/wav");
  ASSERT_TRUE(id.ok()) << id.status();
  auto progress = UploadProgress::Begin(ProgressPath(), {"r/a.wav", 3 * kPart, kPart, *id});
  for (int i = 0; i < 2; ++i) {
    const auto etag = bucket_->PutPart("r/a.wav", *id, i + 1, std::string_view(content_).substr(i * kPart, kPart));
    ASSERT_TRUE(etag.ok()) << etag.status();
    ASSERT_TRUE(progress->Add(*etag).ok());
  }
  server_.Kill();
  on_pause_ = [this] {
    if (pauses_ == 2) server_.Start();
  };
  ASSERT_EQ(Upload(), absl::OkStatus());
  EXPECT_EQ(pauses_, 2);
  ExpectUploaded();
}

TEST_F(UploadTest, WhatIsGivenUpForNowGoesOnWhereItWas) {
  MakeFile(2 * kPart);
  int tried = 0;
  options_.on_retry = [&](const absl::Status&) { ++tried; };
  server_.Kill();
  EXPECT_EQ(Upload().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(tried, options_.tries - 1);
  going_on_ = false;
  EXPECT_EQ(Upload().code(), absl::StatusCode::kCancelled);
  going_on_ = true;
  server_.Start();
  ASSERT_EQ(Upload(), absl::OkStatus());
  ExpectUploaded();
}

TEST_F(UploadTest, AnUploadOfAnotherFileIsNotGoneOnWith) {
  ASSERT_TRUE(UploadProgress::Begin(ProgressPath(), {"r/b.wav", 3 * kPart, kPart, "id-1"}).ok());
  MakeFile(2 * kPart);
  ASSERT_EQ(Upload(), absl::OkStatus());
  ExpectUploaded();
}

TEST_F(UploadTest, AFileThatIsntThereIsSaid) {
  const absl::Status status = Upload();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(GetErrorDetail(status).reason, "FILE_NOT_FOUND");
}

// A server that says what a test needs, and remembers what it was asked.
class ScriptedUploadTest : public UploadTest {
 protected:
  void Serve(TestHttpServer::Handler handler) {
    scripted_ = std::make_unique<TestHttpServer>([this, handler](const std::string& request) {
      asked_.push_back(request.substr(0, request.find(" HTTP/")));
      return handler(asked_.back());
    });
    bucket_ = Bucket::Make({.endpoint = absl::StrCat("http://127.0.0.1:", scripted_->port()),
                            .bucket = "b",
                            .access_key_id = "i",
                            .secret_access_key = "s",
                            .idle_timeout = absl::Seconds(1)},
                           clock_)
                  .value();
  }
  static std::string Respond(int status, const std::string& body = "", const std::string& headers = "") {
    return TestHttpServer::Response(status, body, headers);
  }

  std::vector<std::string> asked_;
  std::unique_ptr<TestHttpServer> scripted_;
};

TEST_F(ScriptedUploadTest, OneThatTheServerHasForgottenBeginsAgain) {
  MakeFile(kPart + 1);
  ASSERT_TRUE(UploadProgress::Begin(ProgressPath(), {"r/a.wav", kPart + 1, kPart, "old"})->Add("\"e1\"").ok());
  Serve([](const std::string& asked) {
    if (absl::StrContains(asked, "uploadId=old")) return Respond(404, "<Error><Code>NoSuchUpload</Code></Error>");
    if (absl::StartsWith(asked, "HEAD")) return Respond(404);
    if (absl::StrContains(asked, "uploads=")) return Respond(200, "<UploadId>new</UploadId>");
    return Respond(200, "", "ETag: \"e\"\r\n");
  });
  // The last look finds nothing: not what this is about.
  EXPECT_EQ(Upload().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(asked_, ElementsAre("PUT /b/r/a.wav?partNumber=2&uploadId=old", "HEAD /b/r/a.wav",
                                  "POST /b/r/a.wav?uploads=", "PUT /b/r/a.wav?partNumber=1&uploadId=new",
                                  "PUT /b/r/a.wav?partNumber=2&uploadId=new", "POST /b/r/a.wav?uploadId=new",
                                  "HEAD /b/r/a.wav"));
}

TEST_F(ScriptedUploadTest, OneWhoseEndWasNotHeardIsDone) {
  MakeFile(kPart + 1);
  auto progress = UploadProgress::Begin(ProgressPath(), {"r/a.wav", kPart + 1, kPart, "old"});
  ASSERT_TRUE(progress->Add("\"e1\"").ok() && progress->Add("\"e2\"").ok());
  Serve([](const std::string& asked) {
    if (absl::StartsWith(asked, "POST")) return Respond(404, "<Error><Code>NoSuchUpload</Code></Error>");
    return absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", kPart + 1, "\r\n\r\n");
  });
  EXPECT_EQ(Upload(), absl::OkStatus());
  EXPECT_THAT(asked_, ElementsAre("POST /b/r/a.wav?uploadId=old", "HEAD /b/r/a.wav", "HEAD /b/r/a.wav"));
  EXPECT_FALSE(std::filesystem::exists(ProgressPath()));
}

TEST_F(ScriptedUploadTest, WhatIsThereInPartIsNotTakenForDone) {
  MakeFile(1000);
  Serve([](const std::string& asked) {
    if (absl::StartsWith(asked, "PUT")) return Respond(200);
    return std::string("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n");
  });
  EXPECT_EQ(GetErrorDetail(Upload()).reason, "OBJECT_STORE_REFUSED");
}

TEST_F(ScriptedUploadTest, OneCanBeAbandoned) {
  Serve([](const std::string&) { return Respond(204); });
  EXPECT_EQ(AbandonUpload(*bucket_, ProgressPath()), absl::OkStatus());
  EXPECT_THAT(asked_, IsEmpty());
  ASSERT_TRUE(UploadProgress::Begin(ProgressPath(), {"r/a.wav", 3 * kPart, kPart, "old"}).ok());
  EXPECT_EQ(AbandonUpload(*bucket_, ProgressPath()), absl::OkStatus());
  EXPECT_THAT(asked_, ElementsAre("DELETE /b/r/a.wav?uploadId=old"));
  EXPECT_FALSE(std::filesystem::exists(ProgressPath()));
}

TEST_F(ScriptedUploadTest, WhatSomebodyHasToMendIsNotTriedAgain) {
  MakeFile(1000);
  Serve([](const std::string&) { return Respond(403, "<Error><Code>AccessDenied</Code></Error>"); });
  EXPECT_EQ(Upload().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(pauses_, 0);
}

}  // namespace
}  // namespace tutti::s3
