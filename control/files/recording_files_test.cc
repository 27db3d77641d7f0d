#include "control/files/recording_files.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/rpc/client.h"
#include "common/rpc/http_body.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"
#include "tutti/control/v1/recording.grpc.pb.h"

namespace tutti::control {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

constexpr char kKey[] = "0123456789abcdef-a";
constexpr char kOtherKey[] = "0123456789abcdef-b";
constexpr char kCustomer[] = "00000000-0000-7000-8000-00000000000a";

class FixedClock final : public Clock {
 public:
  absl::Time Now() override { return now; }
  absl::Time now = absl::FromUnixSeconds(1'000'000);
};

// Gives parts of its bytes, two at a time.
class FakeSource final : public FileSource {
 public:
  absl::Status Read(const FileRef& file, int64_t offset, int64_t length, const Sink& sink,
                    Cancellation& cancellation) override {
    asked = absl::StrCat(file.node_id, " ", file.recording_id, "/", file.name);
    ++reads;
    if (endless) {
      while (!cancellation.cancelled() && sink(std::string(256 * 1024, 'x'))) ++pieces;
      ended.Notify();
      return absl::CancelledError("gone");
    }
    if (on_read) on_read();
    for (int64_t at = offset; at < offset + length && status.ok(); at += 2) {
      const int64_t end = std::min(at + 2, offset + length);
      if (!sink(bytes.substr(static_cast<size_t>(at), static_cast<size_t>(end - at)))) return absl::CancelledError("");
      if (!later.ok()) return later;
    }
    return status;
  }

  std::string bytes = "0123456789";
  absl::Status status;
  // After the first piece.
  absl::Status later;
  bool endless = false;
  std::function<void()> on_read;
  std::string asked;
  std::atomic<int> reads = 0;
  std::atomic<int> pieces = 0;
  absl::Notification ended;
};

class Service final : public v1::RecordingService::CallbackService {
 public:
  explicit Service(RecordingFiles& files) : files_(files) {}
  grpc::ServerWriteReactor<google::api::HttpBody>* ReadRecordingFile(
      grpc::CallbackServerContext* context, const v1::ReadRecordingFileRequest* request) override {
    return files_.Read(context, request);
  }

 private:
  RecordingFiles& files_;
};

Authenticator MakeAuthenticator() {
  config::v1::Config config;
  for (const auto& [key, customer] :
       {std::pair(kKey, kCustomer), {kOtherKey, "00000000-0000-7000-8000-00000000000b"}}) {
    config::v1::ApiKey& added = *config.add_api_key();
    added.set_key(key);
    added.set_customer_id(customer);
  }
  return Authenticator::Make(config).value();
}

class RecordingFilesTest : public ::testing::Test {
 protected:
  struct Got {
    absl::Status status;
    std::map<std::string, std::string> head;
    std::string content_type;
    std::string bytes;
  };

  RecordingFilesTest() {
    stored_.customer_id = kCustomer;
    stored_.node_id = "n-1";
    stored_.recording_id = "r-1";
    stored_.status = v1::Recording::STATUS_ENDED;
    stored_.file.set_id("f-1");
    stored_.file.set_name("f-1.wav");
    stored_.file.set_content_type("audio/wav");
    stored_.file.set_size(10);
    stored_.file.set_store(v1::RecordingFile::STORE_MEDIA_NODE);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = v1::RecordingService::NewStub(MakeRpcChannel(absl::StrCat("127.0.0.1:", port)));
  }

  absl::StatusOr<StoredFile> Find(const std::string& id) {
    if (id == "f-1") return stored_;
    return Error(absl::StatusCode::kNotFound, "RECORDING_FILE_NOT_FOUND", "there is no recording file " + id);
  }

  Got Read(const std::map<std::string, std::string>& headers, const std::string& id = "f-1", const char* key = kKey,
           const std::string& token = "") {
    grpc::ClientContext context;
    for (const auto& [name, value] : headers) context.AddMetadata(name, value);
    if (key != nullptr) context.AddMetadata("authorization", absl::StrCat("Bearer ", key));
    v1::ReadRecordingFileRequest request;
    request.set_id(id);
    request.set_token(token);
    const auto reader = stub_->ReadRecordingFile(&context, request);
    Got got;
    google::api::HttpBody body;
    while (reader->Read(&body)) {
      got.content_type = body.content_type();
      got.bytes += body.data();
    }
    got.status = FromGrpcStatus(reader->Finish());
    for (const auto& [name, value] : context.GetServerInitialMetadata()) {
      got.head[std::string(name.data(), name.size())] = std::string(value.data(), value.size());
    }
    return got;
  }

  static std::string ReasonOf(const Got& got) { return GetErrorDetail(got.status).reason; }

  StoredFile stored_;
  FixedClock clock_;
  FakeSource nodes_;
  FakeSource objects_;
  const Authenticator authenticator_ = MakeAuthenticator();
  const FileLinks links_{std::string(32, 's'), clock_};
  prometheus::Registry registry_;
  FileMetrics metrics_{registry_};
  Downloads downloads_{4, 2};
  RecordingFiles files_{{.find = [this](const std::string& id) { return Find(id); },
                         .authenticator = authenticator_,
                         .links = links_,
                         .clock = clock_,
                         .downloads = downloads_,
                         .nodes = nodes_,
                         .objects = objects_,
                         .metrics = metrics_}};
  Service service_{files_};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::RecordingService::Stub> stub_;
};

TEST_F(RecordingFilesTest, AllBytesComeFromTheNode) {
  const Got got = Read({});
  EXPECT_EQ(got.status, absl::OkStatus());
  EXPECT_EQ(got.bytes, "0123456789");
  EXPECT_EQ(got.content_type, "audio/wav");
  EXPECT_EQ(nodes_.asked, "n-1 r-1/f-1.wav");
  EXPECT_THAT(got.head, Contains(Pair(http_body::kContentLength, "10")));
  const std::string text = prometheus::TextSerializer().Serialize(registry_.Collect());
  EXPECT_THAT(text, HasSubstr(R"(tutti_control_file_bytes_total{store="media_node"} 10)"));
  EXPECT_THAT(text, HasSubstr(R"(tutti_control_file_reads_total{result="ok",store="media_node"} 1)"));
}

TEST_F(RecordingFilesTest, APartComesFromTheObjectStore) {
  stored_.file.set_store(v1::RecordingFile::STORE_OBJECT_STORE);
  const Got got = Read({{http_body::kRange, "bytes=3-6"}});
  EXPECT_EQ(got.bytes, "3456");
  EXPECT_THAT(got.head, Contains(Pair(http_body::kStatus, "206")));
  EXPECT_THAT(got.head, Contains(Pair(http_body::kContentRange, "bytes 3-6/10")));
  EXPECT_EQ(objects_.asked, "n-1 r-1/f-1.wav");
  EXPECT_EQ(nodes_.reads, 0);
}

TEST_F(RecordingFilesTest, NothingIsReadWhereNothingIsSent) {
  Got got = Read({{http_body::kMethod, "HEAD"}});
  EXPECT_EQ(got.status, absl::OkStatus());
  EXPECT_EQ(got.bytes, "");
  EXPECT_EQ(got.content_type, "audio/wav");
  EXPECT_THAT(got.head, Contains(Pair(http_body::kContentLength, "10")));
  got = Read({{http_body::kIfNoneMatch, got.head[http_body::kEtag]}});
  EXPECT_EQ(got.status, absl::OkStatus());
  EXPECT_THAT(got.head, Contains(Pair(http_body::kStatus, "304")));
  got = Read({{http_body::kRange, "bytes=10-"}});
  EXPECT_EQ(ReasonOf(got), "RANGE_NOT_SATISFIABLE");
  EXPECT_THAT(got.head, Contains(Pair(http_body::kStatus, "416")));
  EXPECT_THAT(got.head, Contains(Pair(http_body::kContentRange, "bytes */10")));
  EXPECT_EQ(nodes_.reads, 0);
}

TEST_F(RecordingFilesTest, CustomersStayApart) {
  const Got others = Read({}, "f-1", kOtherKey);
  EXPECT_EQ(ReasonOf(others), "RECORDING_FILE_NOT_FOUND");
  // As of one that nobody has.
  EXPECT_EQ(others.status.message(), "there is no recording file f-1");
  EXPECT_EQ(ReasonOf(Read({}, "f-2")), "RECORDING_FILE_NOT_FOUND");
  EXPECT_EQ(Read({}, "f-1", nullptr).status.code(), absl::StatusCode::kUnauthenticated);
  v1::CreateRecordingFileLinkRequest request;
  request.set_id("f-1");
  EXPECT_EQ(GetErrorDetail(files_.MakeLink({"00000000-0000-7000-8000-00000000000b"}, request).status()).reason,
            "RECORDING_FILE_NOT_FOUND");
  EXPECT_EQ(nodes_.reads, 0);
}

TEST_F(RecordingFilesTest, ALinkNeedsNoKeyUntilItExpires) {
  v1::CreateRecordingFileLinkRequest request;
  request.set_id("f-1");
  request.set_duration(60);
  const auto link = files_.MakeLink({kCustomer}, request);
  ASSERT_TRUE(link.ok()) << link.status();
  EXPECT_EQ(link->tm_expire().seconds(), 1'000'060);
  const std::string begin = "/v1/recordingfiles/f-1?token=";
  ASSERT_EQ(link->path().substr(0, begin.size()), begin);
  const std::string token = link->path().substr(begin.size());
  EXPECT_EQ(Read({}, "f-1", nullptr, token).bytes, "0123456789");
  // A key doesn't help a token that is none.
  EXPECT_EQ(ReasonOf(Read({}, "f-1", kKey, token + "x")), "LINK_INVALID");
  EXPECT_EQ(ReasonOf(Read({}, "f-2", nullptr, token)), "LINK_INVALID");
  clock_.now += absl::Seconds(60);
  EXPECT_EQ(ReasonOf(Read({}, "f-1", nullptr, token)), "LINK_INVALID");
  for (const int duration : {-1, 604'801}) {
    request.set_duration(duration);
    EXPECT_EQ(GetErrorDetail(files_.MakeLink({kCustomer}, request).status()).reason, "INVALID_REQUEST_PARAMETER");
  }
  request.set_duration(0);
  EXPECT_EQ(files_.MakeLink({kCustomer}, request)->tm_expire().seconds(), 1'003'660);
}

TEST_F(RecordingFilesTest, ARecordingThatIsNotOverHasNoBytes) {
  stored_.status = v1::Recording::STATUS_RECORDING;
  stored_.file.Clear();
  EXPECT_EQ(ReasonOf(Read({})), "STATE_INVALID");
  stored_.status = v1::Recording::STATUS_FAILED;
  stored_.file.set_size(4);
  EXPECT_EQ(Read({}).bytes, "0123");
}

TEST_F(RecordingFilesTest, ErrorsBeforeTheFirstByteHaveNoHead) {
  nodes_.status = Error(absl::StatusCode::kUnavailable, "MEDIA_NODE_UNAVAILABLE", "away");
  const Got got = Read({});
  EXPECT_EQ(ReasonOf(got), "MEDIA_NODE_UNAVAILABLE");
  EXPECT_THAT(got.head, Not(Contains(Key(http_body::kContentLength))));
}

TEST_F(RecordingFilesTest, AnErrorAfterTheFirstByteBreaksOff) {
  nodes_.later = Error(absl::StatusCode::kUnavailable, "MEDIA_NODE_UNAVAILABLE", "away");
  const Got got = Read({});
  EXPECT_EQ(got.bytes, "01");
  EXPECT_EQ(ReasonOf(got), "MEDIA_NODE_UNAVAILABLE");
}

TEST_F(RecordingFilesTest, AFileThatHasJustBeenUploadedIsFound) {
  nodes_.status = absl::NotFoundError("it was");
  nodes_.on_read = [this] { stored_.file.set_store(v1::RecordingFile::STORE_OBJECT_STORE); };
  EXPECT_EQ(Read({}).bytes, "0123456789");
  EXPECT_EQ(objects_.reads, 1);
  objects_.status = absl::NotFoundError("deleted by hand");
  EXPECT_EQ(ReasonOf(Read({})), "RECORDING_FILE_NOT_FOUND");
}

TEST_F(RecordingFilesTest, WhoDoesntReadHoldsItBackAndEndsItByGoing) {
  nodes_.endless = true;
  stored_.file.set_size(int64_t{1} << 40);
  {
    grpc::ClientContext context;
    context.AddMetadata("authorization", absl::StrCat("Bearer ", kKey));
    v1::ReadRecordingFileRequest request;
    request.set_id("f-1");
    const auto reader = stub_->ReadRecordingFile(&context, request);
    google::api::HttpBody body;
    ASSERT_TRUE(reader->Read(&body));
    EXPECT_LE(nodes_.pieces, 64);
    context.TryCancel();
    reader->Finish();
  }
  nodes_.ended.WaitForNotification();
  EXPECT_LE(nodes_.pieces, 64);
}

}  // namespace
}  // namespace tutti::control
