#include "control/export/transcribe_export.h"

#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/client.h"
#include "common/rpc/http_body.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "tutti/control/v1/transcribe.grpc.pb.h"

namespace tutti::control {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Pair;

class Service final : public v1::TranscribeService::CallbackService {
 public:
  explicit Service(TranscribeExport& exporter) : exporter_(exporter) {}
  grpc::ServerWriteReactor<google::api::HttpBody>* ExportTranscribe(
      grpc::CallbackServerContext* context, const v1::ExportTranscribeRequest* request) override {
    return exporter_.Export(context, request);
  }

 private:
  TranscribeExport& exporter_;
};

class TranscribeExportTest : public ::testing::Test {
 protected:
  struct Got {
    absl::Status status;
    std::string content_type;
    std::vector<std::string> pieces;
    std::map<std::string, std::string> head;
  };

  TranscribeExportTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = v1::TranscribeService::NewStub(MakeRpcChannel(absl::StrCat("127.0.0.1:", port)));
  }

  // Two texts a page.
  absl::StatusOr<v1::ListTranscriptsResponse> ListPage(const v1::ListTranscriptsRequest& request) {
    if (request.transcribe_id() != "t-1") {
      return Error(absl::StatusCode::kNotFound, "TRANSCRIBE_NOT_FOUND", "there is no such transcription");
    }
    ++pages_;
    const size_t begin = request.page_token().empty() ? 0 : std::stoul(request.page_token());
    v1::ListTranscriptsResponse response;
    for (size_t i = begin; i < std::min(begin + 2, texts_.size()); ++i) *response.add_result() = texts_[i];
    if (begin + 2 < texts_.size()) response.set_next_page_token(absl::StrCat(begin + 2));
    return response;
  }

  void Say(int64_t begin_ms, const std::string& conferencecall_id, const std::string& message) {
    v1::Transcript& text = texts_.emplace_back();
    text.set_conferencecall_id(conferencecall_id);
    text.set_tm_transcript(begin_ms);
    text.set_duration(500);
    text.set_message(message);
  }

  Got Export(v1::ExportTranscribeRequest::Format format, const std::string& id = "t-1", bool head = false) {
    grpc::ClientContext context;
    if (head) context.AddMetadata(http_body::kMethod, "HEAD");
    v1::ExportTranscribeRequest request;
    request.set_id(id);
    request.set_format(format);
    const auto reader = stub_->ExportTranscribe(&context, request);
    Got got;
    google::api::HttpBody body;
    while (reader->Read(&body)) {
      got.content_type = body.content_type();
      got.pieces.push_back(body.data());
    }
    got.status = FromGrpcStatus(reader->Finish());
    for (const auto& [name, value] : context.GetServerInitialMetadata()) {
      got.head[std::string(name.data(), name.size())] = std::string(value.data(), value.size());
    }
    return got;
  }

  std::vector<v1::Transcript> texts_;
  int pages_ = 0;
  int sources_asked_ = 0;
  const Authenticator authenticator_;
  Downloads downloads_{2, 2};
  TranscribeExport exporter_{
      [this](const Principal&, const v1::ListTranscriptsRequest& request) { return ListPage(request); },
      [this](const Principal&, const std::string& id) {
        ++sources_asked_;
        return id == "c-1" ? "Ann" : "";
      },
      authenticator_, downloads_};
  Service service_{exporter_};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::TranscribeService::Stub> stub_;
};

TEST_F(TranscribeExportTest, PagesFollowEachOther) {
  Say(1'000, "c-1", "one");
  Say(2'000, "c-2", "two");
  Say(3'000, "c-1", "three");
  const Got got = Export(v1::ExportTranscribeRequest::FORMAT_TXT);
  EXPECT_EQ(got.status, absl::OkStatus());
  EXPECT_EQ(got.content_type, "text/plain; charset=utf-8");
  EXPECT_THAT(got.pieces, ElementsAre("00:00:01 Ann (c-1): one\n00:00:02 c-2: two\n", "00:00:03 Ann (c-1): three\n"));
  EXPECT_THAT(got.head, Contains(Pair(http_body::kContentDisposition, "attachment; filename=\"t-1.txt\"")));
  EXPECT_EQ(sources_asked_, 2);
}

TEST_F(TranscribeExportTest, NoTextsAreAFileWithoutAny) {
  EXPECT_THAT(Export(v1::ExportTranscribeRequest::FORMAT_UNSPECIFIED).pieces, ElementsAre("WEBVTT\n\n"));
  EXPECT_THAT(Export(v1::ExportTranscribeRequest::FORMAT_SRT).pieces, ElementsAre(""));
}

TEST_F(TranscribeExportTest, HeadReadsNoMoreThanItNeeds) {
  for (int i = 0; i < 5; ++i) Say(i, "c-2", "text");
  const Got got = Export(v1::ExportTranscribeRequest::FORMAT_VTT, "t-1", /*head=*/true);
  EXPECT_THAT(got.pieces, ElementsAre(""));
  EXPECT_EQ(got.content_type, "text/vtt; charset=utf-8");
  EXPECT_EQ(pages_, 1);
}

TEST_F(TranscribeExportTest, OneThatIsntThereIsAnError) {
  const Got got = Export(v1::ExportTranscribeRequest::FORMAT_VTT, "t-2");
  EXPECT_EQ(GetErrorDetail(got.status).reason, "TRANSCRIBE_NOT_FOUND");
  EXPECT_THAT(got.pieces, ::testing::IsEmpty());
}

}  // namespace
}  // namespace tutti::control
