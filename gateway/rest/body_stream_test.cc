#include "gateway/rest/body_stream.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/clock/clock.h"
#include "common/id/id.h"
#include "common/rpc/client.h"
#include "common/rpc/http_body.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "gateway/rest/rest_handler.h"
#include "gmock/gmock.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tutti/control/v1/recording.grpc.pb.h"

namespace tutti::gateway {
namespace {

namespace pb = control::v1;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Pair;

// Sends what it was told to.
class FakeFiles final : public pb::RecordingService::Service {
 public:
  grpc::Status ReadRecordingFile(grpc::ServerContext* context, const pb::ReadRecordingFileRequest* request,
                                 grpc::ServerWriter<google::api::HttpBody>* writer) override {
    asked = *request;
    metadata.clear();
    for (const auto& [name, value] : context->client_metadata()) {
      metadata[std::string(name.data(), name.size())] = std::string(value.data(), value.size());
    }
    for (const auto& [name, value] : initial) context->AddInitialMetadata(name, value);
    for (const std::string& piece : pieces) {
      google::api::HttpBody body;
      body.set_content_type("audio/wav");
      body.set_data(piece);
      if (!writer->Write(body)) break;
      ++written;
    }
    if (hangs) {
      released.WaitForNotification();
    }
    if (endless) {
      google::api::HttpBody body;
      body.set_data(std::string(256 * 1024, 'x'));
      while (writer->Write(body)) ++written;
      gone.Notify();
    }
    return ToGrpcStatus(status);
  }

  std::map<std::string, std::string> initial;
  std::vector<std::string> pieces;
  absl::Status status;
  bool hangs = false;
  bool endless = false;
  std::atomic<int> written = 0;
  absl::Notification released;
  absl::Notification gone;

  pb::ReadRecordingFileRequest asked;
  std::map<std::string, std::string> metadata;
};

class BodyStreamTest : public ::testing::Test {
 protected:
  BodyStreamTest() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&files_);
    server_ = builder.BuildAndStart();
    Connect(absl::Minutes(5));
  }
  ~BodyStreamTest() override {
    if (!files_.released.HasBeenNotified()) files_.released.Notify();
    handler_.reset();
  }

  void Connect(absl::Duration patience) {
    handler_ =
        std::make_unique<RestHandler>(RouteTable::Build({pb::Recording::descriptor()->file()->service(0)}).value(),
                                      MakeRpcChannel(absl::StrCat("127.0.0.1:", port_)), ids_, patience);
  }

  Response Ask(const std::string& method, std::vector<Header> headers = {}) {
    Response answer;
    absl::Notification done;
    handler_->Handle({method, "/v1/recordingfiles/f-1?token=t", std::move(headers), "", "req-1"},
                     [&](Response response) {
                       answer = std::move(response);
                       done.Notify();
                     });
    done.WaitForNotification();
    return answer;
  }

  static absl::StatusOr<std::string> Next(Response& response) {
    absl::StatusOr<std::string> piece;
    absl::Notification done;
    response.streamed->source->Next([&](absl::StatusOr<std::string> given) {
      piece = std::move(given);
      done.Notify();
    });
    done.WaitForNotification();
    return piece;
  }

  SystemClock clock_;
  IdGenerator ids_{clock_};
  int port_ = 0;
  FakeFiles files_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<RestHandler> handler_;
};

std::string HeaderOf(const Response& response, const std::string& name) {
  for (const Header& header : response.headers) {
    if (header.name == name) return header.value;
  }
  return "";
}

std::string ReasonOf(const Response& response) { return nlohmann::json::parse(response.body).at("error").at("reason"); }

TEST_F(BodyStreamTest, BytesComeWithTheirHeaders) {
  files_.initial = {{http_body::kStatus, "206"},
                    {http_body::kContentLength, "5"},
                    {http_body::kContentRange, "bytes 0-4/9"},
                    {http_body::kEtag, "\"e\""},
                    {http_body::kAcceptRanges, "bytes"},
                    {http_body::kContentDisposition, "attachment; filename=\"f.wav\""},
                    {http_body::kLastModified, "Sat, 28 Nov 2026 00:00:00 GMT"},
                    {http_body::kCacheControl, "private"}};
  files_.pieces = {"ab", "", "cde"};
  Response response = Ask("GET", {{"range", "bytes=0-4"}, {"If-Range", "\"e\""}, {"If-None-Match", "\"d\", \"c\""}});
  EXPECT_EQ(files_.asked.id(), "f-1");
  EXPECT_EQ(files_.asked.token(), "t");
  EXPECT_THAT(files_.metadata, Contains(Pair(http_body::kRange, "bytes=0-4")));
  EXPECT_THAT(files_.metadata, Contains(Pair(http_body::kIfRange, "\"e\"")));
  EXPECT_THAT(files_.metadata, Contains(Pair(http_body::kIfNoneMatch, "\"d\", \"c\"")));
  EXPECT_THAT(files_.metadata, Contains(Pair("x-request-id", "req-1")));
  EXPECT_EQ(files_.metadata.count(http_body::kMethod), 0u);
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(response.route, "/v1/recordingfiles/{id}");
  EXPECT_EQ(response.content_type, "audio/wav");
  EXPECT_EQ(HeaderOf(response, "Content-Range"), "bytes 0-4/9");
  EXPECT_EQ(HeaderOf(response, "ETag"), "\"e\"");
  EXPECT_EQ(HeaderOf(response, "Accept-Ranges"), "bytes");
  EXPECT_EQ(HeaderOf(response, "Content-Disposition"), "attachment; filename=\"f.wav\"");
  EXPECT_EQ(HeaderOf(response, "Last-Modified"), "Sat, 28 Nov 2026 00:00:00 GMT");
  EXPECT_EQ(HeaderOf(response, "Cache-Control"), "private");
  EXPECT_EQ(response.streamed->bytes, 5u);
  EXPECT_EQ(Next(response).value(), "ab");
  EXPECT_EQ(Next(response).value(), "cde");
  EXPECT_EQ(Next(response).value(), "");
}

TEST_F(BodyStreamTest, AnEmptyStreamIsAnEmptyBody) {
  files_.initial = {{http_body::kStatus, "304"}};
  Response response = Ask("GET");
  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(Next(response).value(), "");
}

TEST_F(BodyStreamTest, HeadIsTold) {
  files_.initial = {{http_body::kContentLength, "7"}};
  files_.pieces = {""};
  const Response response = Ask("HEAD");
  EXPECT_THAT(files_.metadata, Contains(Pair(http_body::kMethod, "HEAD")));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "audio/wav");
  EXPECT_EQ(response.streamed->bytes, 7u);
}

TEST_F(BodyStreamTest, AnErrorBeforeTheFirstByteIsAnError) {
  files_.initial = {{http_body::kStatus, "416"}, {http_body::kContentRange, "bytes */9"}};
  files_.status = Error(absl::StatusCode::kOutOfRange, "RANGE_NOT_SATISFIABLE", "The file has 9 bytes.");
  const Response response = Ask("GET");
  EXPECT_EQ(response.status, 416);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(ReasonOf(response), "RANGE_NOT_SATISFIABLE");
  EXPECT_EQ(HeaderOf(response, "Content-Range"), "bytes */9");
  EXPECT_FALSE(response.streamed.has_value());
  files_.initial = {{http_body::kStatus, "200"}};
  files_.status = Error(absl::StatusCode::kNotFound, "RECORDING_FILE_NOT_FOUND", "There is no such file.");
  EXPECT_EQ(Ask("GET").status, 404);
}

TEST_F(BodyStreamTest, AnErrorAfterTheFirstByteBreaksTheBody) {
  files_.pieces = {"ab"};
  files_.status = Error(absl::StatusCode::kUnavailable, "MEDIA_NODE_UNAVAILABLE", "Gone.");
  Response response = Ask("GET");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Next(response).value(), "ab");
  EXPECT_EQ(Next(response).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(BodyStreamTest, ASenderThatStopsIsGivenUp) {
  Connect(absl::Milliseconds(20));
  files_.hangs = true;
  const Response none = Ask("GET");
  EXPECT_EQ(none.status, 504);
  EXPECT_EQ(ReasonOf(none), "DEADLINE_EXCEEDED");
  files_.pieces = {"ab"};
  Connect(absl::Milliseconds(500));
  Response some = Ask("GET");
  ASSERT_EQ(some.status, 200);
  EXPECT_EQ(Next(some).value(), "ab");
  EXPECT_EQ(Next(some).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(BodyStreamTest, WhoDoesntReadHoldsTheSenderBackAndEndsItByGoing) {
  files_.endless = true;
  {
    Response response = Ask("GET");
    EXPECT_EQ(Next(response).value().size(), 256u * 1024);
    // What flow control lets through; the sender waits.
    EXPECT_LE(files_.written, 64);
  }
  files_.gone.WaitForNotification();
  EXPECT_LE(files_.written, 64);
}

TEST_F(BodyStreamTest, TheHandlersEndCancels) {
  files_.endless = true;
  Response response = Ask("GET");
  handler_.reset();
  files_.gone.WaitForNotification();
  while (true) {
    const auto piece = Next(response);
    if (piece.ok()) continue;
    EXPECT_EQ(piece.status().code(), absl::StatusCode::kCancelled);
    break;
  }
}

TEST_F(BodyStreamTest, TheHandlersEndAnswersWhoWaitsForAHead) {
  files_.hangs = true;
  Response answer;
  handler_->Handle({"GET", "/v1/recordingfiles/f-1", {}, "", "r"},
                   [&](Response response) { answer = std::move(response); });
  handler_.reset();
  EXPECT_EQ(answer.status, 500);
  EXPECT_FALSE(answer.streamed.has_value());
}

TEST_F(BodyStreamTest, HeadersThatCantGoOnAreRefused) {
  for (const std::string& bad : {std::string(1025, 'x'), std::string("bytes=\xc3\xa9")}) {
    const Response response = Ask("GET", {{"Range", bad}});
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(ReasonOf(response), "INVALID_REQUEST_PARAMETER");
  }
  EXPECT_THAT(files_.metadata, IsEmpty());
}

}  // namespace
}  // namespace tutti::gateway
