#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/s3/test_server.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "control/files/node_file_source.h"
#include "control/files/object_file_source.h"
#include "gmock/gmock.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

class FakeNode final : public media::v1::MediaPlane::Service {
 public:
  grpc::Status ReadRecordingFile(grpc::ServerContext* context, const media::v1::ReadRecordingFileRequest* request,
                                 grpc::ServerWriter<media::v1::ReadRecordingFileResponse>* writer) override {
    asked = *request;
    for (const std::string& piece : pieces) {
      media::v1::ReadRecordingFileResponse response;
      response.set_data(piece);
      writer->Write(response);
    }
    if (hangs) {
      begun.Notify();
      while (!context->IsCancelled()) std::this_thread::yield();
    }
    return ToGrpcStatus(status);
  }

  std::vector<std::string> pieces;
  absl::Status status;
  bool hangs = false;
  absl::Notification begun;
  media::v1::ReadRecordingFileRequest asked;
};

std::string ReasonOf(const absl::Status& status) { return GetErrorDetail(status).reason; }

class Reader {
 public:
  absl::Status Read(FileSource& source, const FileRef& file, int64_t offset, int64_t length) {
    got.clear();
    return source.Read(
        file, offset, length,
        [&](std::string piece) {
          largest = std::max(largest, piece.size());
          got += piece;
          return takes;
        },
        cancellation);
  }

  Cancellation cancellation;
  std::string got;
  size_t largest = 0;
  bool takes = true;
};

class NodeFileSourceTest : public ::testing::Test {
 protected:
  NodeFileSourceTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&node_);
    server_ = builder.BuildAndStart();
    source_ = std::make_unique<NodeFileSource>(
        std::map<std::string, std::string>{{"n-1", absl::StrCat("127.0.0.1:", port)}, {"n-2", "127.0.0.1:1"}}, nullptr);
  }

  FakeNode node_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<NodeFileSource> source_;
  Reader reader_;
};

TEST_F(NodeFileSourceTest, ReadsWhatItIsAskedFor) {
  node_.pieces = {"345", "67"};
  EXPECT_EQ(reader_.Read(*source_, {"n-1", "r-1", "a.wav"}, 3, 5), absl::OkStatus());
  EXPECT_EQ(reader_.got, "34567");
  EXPECT_EQ(node_.asked.recording_id(), "r-1");
  EXPECT_EQ(node_.asked.name(), "a.wav");
  EXPECT_EQ(node_.asked.offset(), 3);
  EXPECT_EQ(node_.asked.length(), 5);
}

TEST_F(NodeFileSourceTest, ANodeThatGivesLessOrNothingIsUnavailable) {
  node_.pieces = {"345"};
  EXPECT_EQ(ReasonOf(reader_.Read(*source_, {"n-1", "r-1", "a.wav"}, 3, 5)), "MEDIA_NODE_UNAVAILABLE");
  EXPECT_EQ(ReasonOf(reader_.Read(*source_, {"n-2", "r-1", "a.wav"}, 3, 5)), "MEDIA_NODE_UNAVAILABLE");
  EXPECT_EQ(ReasonOf(reader_.Read(*source_, {"n-3", "r-1", "a.wav"}, 3, 5)), "MEDIA_NODE_UNAVAILABLE");
  node_.status = Error(absl::StatusCode::kNotFound, "RECORDING_FILE_NOT_FOUND", "gone");
  EXPECT_EQ(reader_.Read(*source_, {"n-1", "r-1", "a.wav"}, 3, 5).code(), absl::StatusCode::kNotFound);
}

TEST_F(NodeFileSourceTest, WhoWantsNoMoreEndsIt) {
  node_.pieces = {"345"};
  reader_.takes = false;
  EXPECT_EQ(reader_.Read(*source_, {"n-1", "r-1", "a.wav"}, 3, 5).code(), absl::StatusCode::kCancelled);
}

TEST_F(NodeFileSourceTest, WhoGoesEndsAReadThatHangs) {
  node_.pieces = {"345"};
  node_.hangs = true;
  std::thread canceller([&] {
    node_.begun.WaitForNotification();
    reader_.cancellation.Cancel();
  });
  EXPECT_EQ(reader_.Read(*source_, {"n-1", "r-1", "a.wav"}, 3, 5).code(), absl::StatusCode::kCancelled);
  canceller.join();
}

TEST(ObjectFileSource, ReadsPiecesOfOneSize) {
  SystemClock clock;
  s3::TestServer server;
  const auto bucket = s3::Bucket::Make(server.Options(), clock).value();
  std::string bytes;
  for (int i = 0; bytes.size() < 700'000; ++i) absl::StrAppend(&bytes, i, " ");
  ASSERT_TRUE(bucket->Put("r-1/a.wav", "audio/wav", bytes).ok());
  ObjectFileSource source(bucket.get());
  Reader reader;
  EXPECT_EQ(reader.Read(source, {"n-1", "r-1", "a.wav"}, 5, 600'000), absl::OkStatus());
  EXPECT_TRUE(reader.got == bytes.substr(5, 600'000));
  EXPECT_EQ(reader.largest, 256u * 1024);
  EXPECT_EQ(reader.Read(source, {"n-1", "r-1", "b.wav"}, 0, 1).code(), absl::StatusCode::kNotFound);
  reader.takes = false;
  EXPECT_EQ(reader.Read(source, {"n-1", "r-1", "a.wav"}, 0, 600'000).code(), absl::StatusCode::kCancelled);
  reader.cancellation.Cancel();
  EXPECT_EQ(reader.Read(source, {"n-1", "r-1", "a.wav"}, 0, 600'000).code(), absl::StatusCode::kCancelled);
}

TEST(ObjectFileSource, WithoutAnObjectStoreThereIsNone) {
  ObjectFileSource source(nullptr);
  Reader reader;
  EXPECT_EQ(ReasonOf(reader.Read(source, {"n-1", "r-1", "a.wav"}, 0, 1)), "OBJECT_STORE_UNAVAILABLE");
}

}  // namespace
}  // namespace tutti::control
