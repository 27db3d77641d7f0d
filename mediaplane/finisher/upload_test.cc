#include "mediaplane/finisher/upload.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/s3/test_server.h"
#include "common/s3/upload_progress.h"
#include "mediaplane/recording/folder.h"

namespace tutti::mediaplane {
namespace {

using media::v1::RecordingFolder;
using media::v1::RecordingState;

constexpr char kId[] = "01890000-0000-7000-8000-000000000001";
constexpr char kWav[] = "01890000-0000-7000-8000-000000000001.wav";

class UploadRecordingTest : public testing::Test {
 protected:
  UploadRecordingTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    options_.pause = [this](absl::Duration) {
      ++pauses_;
      if (pauses_ == 2) server_.Start();
      return true;
    };
    std::ofstream(Path(kWav), std::ios::binary) << std::string(1000, 'w');
    std::ofstream(Path(kMarkersName), std::ios::binary) << "{}";
    WriteState(RecordingState::STATUS_ENDED);
  }
  ~UploadRecordingTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  void WriteState(RecordingState::Status status) {
    RecordingFolder folder;
    folder.mutable_request()->set_recording_id(kId);
    folder.mutable_request()->set_sample_rate_hz(16000);
    folder.mutable_state()->set_recording_id(kId);
    folder.mutable_state()->set_status(status);
    const auto files = ListFiles(folder_, kId);
    folder.mutable_state()->mutable_files()->Assign(files->begin(), files->end());
    ASSERT_TRUE(WriteFolderState(disk_, folder_, folder).ok());
  }

  bool IsUploaded() { return ReadFolderState(folder_)->state().uploaded(); }
  bool IsHere(const std::string& name) { return std::filesystem::exists(Path(name)); }
  int64_t SizeThere(const std::string& name) { return bucket_->Size(absl::StrCat(kId, "/", name)).value_or(-1); }

  const std::string folder_ = absl::StrCat(testing::TempDir(), "/upload-", getpid());
  PosixDisk disk_;
  SystemClock clock_;
  s3::TestServer server_;
  std::unique_ptr<s3::Bucket> bucket_ = s3::Bucket::Make(server_.Options(), clock_).value();
  s3::UploadOptions options_;
  int pauses_ = 0;
};

TEST_F(UploadRecordingTest, FilesAreThereAndNoLongerHere) {
  ASSERT_EQ(UploadRecording(disk_, *bucket_, folder_, options_), absl::OkStatus());
  EXPECT_EQ(SizeThere(kWav), 1000);
  EXPECT_EQ(SizeThere(kMarkersName), 2);
  EXPECT_TRUE(IsUploaded());
  EXPECT_FALSE(IsHere(kWav));
  EXPECT_FALSE(IsHere(kMarkersName));
  // Again, as after a death behind the state's change.
  EXPECT_EQ(UploadRecording(disk_, *bucket_, folder_, options_), absl::OkStatus());
}

TEST_F(UploadRecordingTest, AServerThatDiesLosesNothing) {
  server_.Kill();
  options_.tries = 1;
  EXPECT_EQ(UploadRecording(disk_, *bucket_, folder_, options_).code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(IsUploaded());
  EXPECT_TRUE(IsHere(kWav));
  // It comes back at the second pause.
  options_.tries = 5;
  EXPECT_EQ(UploadRecording(disk_, *bucket_, folder_, options_), absl::OkStatus());
  EXPECT_EQ(SizeThere(kWav), 1000);
  EXPECT_TRUE(IsUploaded());
}

TEST_F(UploadRecordingTest, OneThatIsNotOverStays) {
  WriteState(RecordingState::STATUS_FINISHING);
  EXPECT_FALSE(UploadRecording(disk_, *bucket_, folder_, options_).ok());
  EXPECT_TRUE(IsHere(kWav));
  EXPECT_EQ(SizeThere(kWav), -1);
}

TEST_F(UploadRecordingTest, AFileThatWasTakenAwayHoldsUpNoOther) {
  std::filesystem::remove(Path(kWav));
  EXPECT_EQ(UploadRecording(disk_, *bucket_, folder_, options_), absl::OkStatus());
  EXPECT_EQ(SizeThere(kMarkersName), 2);
  EXPECT_TRUE(IsUploaded());
}

TEST_F(UploadRecordingTest, WhatIsDeletedGoesHereAtOnceAndThereWhenItCan) {
  ASSERT_TRUE(bucket_->Put(absl::StrCat(kId, "/", kWav), "audio/wav", "x").ok());
  ASSERT_TRUE(s3::UploadProgress::Begin(Path(absl::StrCat(kMarkersName, ".upload")), {"k", 1, 1, "id"}).ok());
  server_.Kill();
  EXPECT_FALSE(DeleteUploads(disk_, *bucket_, folder_).ok());
  EXPECT_FALSE(IsHere(kWav));
  server_.Start();
  EXPECT_EQ(DeleteUploads(disk_, *bucket_, folder_), absl::OkStatus());
  EXPECT_EQ(SizeThere(kWav), -1);
  std::filesystem::remove_all(folder_);
  EXPECT_EQ(DeleteUploads(disk_, *bucket_, folder_), absl::OkStatus());
}

}  // namespace
}  // namespace tutti::mediaplane
