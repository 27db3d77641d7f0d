// ReadRecordingFile over gRPC: a recording that lies on the disk already.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/clock/fake_clock.h"
#include "common/rpc/keep_grpc.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "mediaplane/node/fake_media_engine.h"
#include "mediaplane/recording/folder.h"
#include "mediaplane/service/media_plane_service.h"

namespace tutti::mediaplane {
namespace {

constexpr char kId[] = "01890000-0000-7000-8000-000000000001";

class FileReactorTest : public testing::Test {
 protected:
  FileReactorTest() {
    const std::string folder = absl::StrCat(folder_, "/", kId);
    std::filesystem::create_directories(folder);
    for (size_t i = 0; i < 700'000; ++i) bytes_ += static_cast<char>(i * 7919 >> 3);
    std::ofstream(Path(), std::ios::binary) << bytes_;
    media::v1::RecordingFolder state;
    state.mutable_request()->set_recording_id(kId);
    state.mutable_request()->set_sample_rate_hz(8000);
    state.mutable_state()->set_recording_id(kId);
    state.mutable_state()->set_status(media::v1::RecordingState::STATUS_ENDED);
    const auto files = ListFiles(folder, kId);
    state.mutable_state()->mutable_files()->Assign(files->begin(), files->end());
    EXPECT_TRUE(WriteFolderState(disk_, folder, state).ok());

    NodeOptions options;
    options.recordings.folder = folder_;
    options.recordings.tools.disk = &disk_;
    options.recordings.tools.clock = &clock_;
    options.recordings.tools.figures = &figures_;
    options.recordings.tools.write = [](std::function<void()> task) { task(); };
    node_ = std::make_unique<Node>(std::move(options), engine_, clock_);
    EXPECT_TRUE(node_->LoadRecordings().ok());
    thread_ = std::make_unique<ControlThread>([] { return absl::InfiniteDuration(); });
    service_ = std::make_unique<MediaPlaneService>(*node_, *thread_, pump_);
    KeepGrpc();
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = media::v1::MediaPlane::NewStub(server_->InProcessChannel({}));
  }

  ~FileReactorTest() override {
    server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
    thread_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string Path() const { return absl::StrCat(folder_, "/", kId, "/", MixedName(kId, "wav")); }

  grpc::Status Read(int64_t offset, int64_t length, std::string& data,
                    const std::string& name = MixedName(kId, "wav")) {
    grpc::ClientContext context;
    media::v1::ReadRecordingFileRequest request;
    request.set_recording_id(kId);
    request.set_name(name);
    request.set_offset(offset);
    request.set_length(length);
    const auto reader = stub_->ReadRecordingFile(&context, request);
    media::v1::ReadRecordingFileResponse piece;
    data.clear();
    while (reader->Read(&piece)) {
      EXPECT_LE(piece.data().size(), 256u * 1024);
      data += piece.data();
    }
    return reader->Finish();
  }

  const std::string folder_ = absl::StrCat(testing::TempDir(), "/file-reactor-", getpid());
  std::string bytes_;
  PosixDisk disk_;
  FakeClock clock_;
  FakeMediaEngine engine_;
  RecordingFigures figures_;
  AudioPump pump_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<ControlThread> thread_;
  std::unique_ptr<MediaPlaneService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<media::v1::MediaPlane::Stub> stub_;
};

TEST_F(FileReactorTest, AnyPartOfAFile) {
  std::string data;
  EXPECT_TRUE(Read(0, 0, data).ok());
  EXPECT_TRUE(data == bytes_);
  EXPECT_TRUE(Read(300'000, 5, data).ok());
  EXPECT_EQ(data, bytes_.substr(300'000, 5));
  EXPECT_TRUE(Read(699'990, 100, data).ok());
  EXPECT_EQ(data, bytes_.substr(699'990));
  EXPECT_TRUE(Read(700'000, 0, data).ok());
  EXPECT_EQ(data, "");
}

TEST_F(FileReactorTest, WhatIsNotThereIsSaid) {
  std::string data;
  EXPECT_EQ(Read(700'001, 0, data).error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(Read(0, 0, data, "state").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Read(0, 0, data, "../x").error_code(), grpc::StatusCode::NOT_FOUND);
  std::filesystem::resize_file(Path(), 300'000);
  EXPECT_EQ(Read(0, 0, data).error_code(), grpc::StatusCode::INTERNAL) << "shorter than it was";
  std::filesystem::remove(Path());
  EXPECT_EQ(Read(0, 0, data).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(FileReactorTest, DeletedItIsGone) {
  grpc::ClientContext context;
  media::v1::DeleteRecordingRequest request;
  request.set_recording_id(kId);
  media::v1::DeleteRecordingResponse response;
  EXPECT_TRUE(stub_->DeleteRecording(&context, request, &response).ok());
  std::string data;
  EXPECT_EQ(Read(0, 0, data).error_code(), grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace tutti::mediaplane
