#include "gateway/rest/rest_handler.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/clock/clock.h"
#include "common/id/id.h"
#include "common/rpc/client.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tutti/control/v1/call.grpc.pb.h"
#include "tutti/control/v1/conference.grpc.pb.h"
#include "tutti/control/v1/sound.grpc.pb.h"

namespace tutti::gateway {
namespace {

namespace pb = control::v1;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Json = nlohmann::json;

// Keeps what it was asked and answers what it was told to.
class FakeControl final : public pb::ConferenceService::Service {
 public:
  grpc::Status CreateConference(grpc::ServerContext* context, const pb::CreateConferenceRequest* request,
                                pb::Conference* response) override {
    create = *request;
    return Answer(context, response);
  }
  grpc::Status ListConferences(grpc::ServerContext* context, const pb::ListConferencesRequest* request,
                               pb::ListConferencesResponse* response) override {
    list = *request;
    return Answer(context, response->add_result());
  }
  grpc::Status GetConference(grpc::ServerContext* context, const pb::GetConferenceRequest* request,
                             pb::Conference* response) override {
    get = *request;
    return Answer(context, response);
  }
  grpc::Status UpdateConference(grpc::ServerContext* context, const pb::UpdateConferenceRequest* request,
                                pb::Conference* response) override {
    update = *request;
    return Answer(context, response);
  }
  grpc::Status ReplaceConference(grpc::ServerContext* context, const pb::ReplaceConferenceRequest* request,
                                 pb::Conference* response) override {
    replace = *request;
    return Answer(context, response);
  }
  grpc::Status DeleteConference(grpc::ServerContext*, const pb::DeleteConferenceRequest*, pb::Conference*) override {
    // Never answers by itself.
    released.WaitForNotification();
    return grpc::Status::OK;
  }

  absl::Status status;
  pb::Conference conference;
  absl::Notification released;

  pb::CreateConferenceRequest create;
  pb::ListConferencesRequest list;
  pb::GetConferenceRequest get;
  pb::UpdateConferenceRequest update;
  pb::ReplaceConferenceRequest replace;
  std::map<std::string, std::string> metadata;

 private:
  grpc::Status Answer(grpc::ServerContext* context, pb::Conference* response) {
    metadata.clear();
    for (const auto& [name, value] : context->client_metadata()) {
      metadata[std::string(name.data(), name.size())] = std::string(value.data(), value.size());
    }
    *response = conference;
    return ToGrpcStatus(status);
  }
};

class FakeSounds final : public pb::SoundService::Service {
 public:
  grpc::Status CreateSound(grpc::ServerContext*, const pb::CreateSoundRequest* request, pb::Sound* response) override {
    create = *request;
    response->set_id("s-1");
    return grpc::Status::OK;
  }

  pb::CreateSoundRequest create;
};

std::vector<const google::protobuf::ServiceDescriptor*> Services() {
  return {pb::Conference::descriptor()->file()->service(0), pb::Call::descriptor()->file()->service(0),
          pb::Sound::descriptor()->file()->service(0)};
}

class RestHandlerTest : public ::testing::Test {
 protected:
  RestHandlerTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&control_);
    builder.RegisterService(&sounds_);
    server_ = builder.BuildAndStart();
    Connect(absl::StrCat("127.0.0.1:", port), absl::Minutes(5));
    control_.conference.set_id("c-1");
    control_.conference.set_etag("v7");
    control_.conference.set_type(pb::Conference::TYPE_CONNECT);
  }
  ~RestHandlerTest() override {
    if (!control_.released.HasBeenNotified()) control_.released.Notify();
    handler_.reset();
  }

  void Connect(const std::string& address, absl::Duration deadline) {
    handler_ =
        std::make_unique<RestHandler>(RouteTable::Build(Services()).value(), MakeRpcChannel(address), ids_, deadline);
  }

  Response Ask(const std::string& method, const std::string& target, const std::string& body = "",
               std::vector<Header> headers = {}) {
    if (!body.empty()) headers.push_back({"Content-Type", "application/json; charset=utf-8"});
    return AskRaw({method, target, std::move(headers), body, "req-1"});
  }

  Response AskRaw(Request request) {
    Response answer;
    absl::Notification done;
    handler_->Handle(std::move(request), [&](Response response) {
      answer = std::move(response);
      done.Notify();
    });
    done.WaitForNotification();
    return answer;
  }

  SystemClock clock_;
  IdGenerator ids_{clock_};
  FakeControl control_;
  FakeSounds sounds_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<RestHandler> handler_;
};

Json ErrorOf(const Response& response) { return Json::parse(response.body).at("error"); }

std::string ReasonOf(const Response& response) { return ErrorOf(response).at("reason"); }

std::string HeaderOf(const Response& response, const std::string& name) {
  for (const Header& header : response.headers) {
    if (header.name == name) return header.value;
  }
  return "";
}

TEST_F(RestHandlerTest, ABodyBecomesARequestAndAnAnswerABody) {
  const Response response = Ask("POST", "/v1/conferences", R"({"type":"connect","name":"n","data":{"k":[1]}})",
                                {{"Idempotency-Key", "key-1"}});
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.route, "/v1/conferences");
  EXPECT_EQ(HeaderOf(response, "ETag"), "\"v7\"");
  EXPECT_EQ(Json::parse(response.body)["id"], "c-1");
  EXPECT_EQ(Json::parse(response.body)["type"], "connect");
  EXPECT_EQ(control_.create.conference().name(), "n");
  EXPECT_EQ(control_.create.conference().type(), pb::Conference::TYPE_CONNECT);
  EXPECT_EQ(control_.metadata["idempotency-key"], "key-1");
  EXPECT_EQ(control_.metadata["x-request-id"], "req-1");
}

TEST_F(RestHandlerTest, ATraceGoesOn) {
  Ask("GET", "/v1/conferences", "",
      {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, {"tracestate", "vendor=1"}});
  const std::string sent = control_.metadata["traceparent"];
  EXPECT_EQ(sent.substr(0, 36), "00-4bf92f3577b34da6a3ce929d0e0e4736-");
  EXPECT_NE(sent.substr(36, 16), "00f067aa0ba902b7");
  EXPECT_EQ(sent.substr(52), "-01");
  EXPECT_EQ(control_.metadata["tracestate"], "vendor=1");
  // What is none begins a new one, and brings nothing along.
  Ask("GET", "/v1/conferences", "", {{"traceparent", "00-nonsense"}, {"tracestate", "vendor=1"}});
  EXPECT_EQ(control_.metadata["traceparent"].size(), sent.size());
  EXPECT_NE(control_.metadata["traceparent"].substr(3, 32), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_FALSE(control_.metadata.contains("tracestate"));
}

TEST_F(RestHandlerTest, AQueryFillsTheRequest) {
  const Response response = Ask("GET", "/v1/conferences?page_size=7&status=progressing&type=connect&page_token=a%2Bb");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(control_.list.page_size(), 7);
  EXPECT_EQ(control_.list.status(), pb::Conference::STATUS_PROGRESSING);
  EXPECT_EQ(control_.list.page_token(), "a+b");
  EXPECT_EQ(Json::parse(response.body)["result"][0]["id"], "c-1");
  EXPECT_EQ(Json::parse(response.body)["next_page_token"], "");
}

TEST_F(RestHandlerTest, BadQueriesAreRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"nonsense=1", "nonsense"},
      {"page_size=x", "page_size"},
      {"page_size=1&page_size=2", "page_size"},
      {"page_size=0", "page_size"},
      {"status=what", "status"},
      {"status.x=1", "status.x"},
      {"=1", ""},
      {"page_size", "page_size"},
      {"page_size=99999999999", "page_size"},
  };
  for (const auto& [query, path] : cases) {
    const Response response = Ask("GET", absl::StrCat("/v1/conferences?", query));
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_EQ(ReasonOf(response), "INVALID_REQUEST_PARAMETER") << query;
    EXPECT_EQ(ErrorOf(response)["details"]["field"], path) << query;
  }
  EXPECT_EQ(Ask("GET", "/v1/conferences?a=%").status, 400);
  EXPECT_EQ(Ask("GET", "/v1/conferences/x?id=y").status, 400);
  EXPECT_EQ(Ask("PATCH", "/v1/conferences/x?update_mask=name", "{}").status, 400);
  EXPECT_EQ(Ask("PATCH", "/v1/conferences/x?conference.name=n", "{}").status, 400);
}

TEST_F(RestHandlerTest, APathFillsTheRequest) {
  EXPECT_EQ(Ask("GET", "/v1/conferences/a%2Fb").status, 200);
  EXPECT_EQ(control_.get.id(), "a/b");
  EXPECT_EQ(Ask("PUT", "/v1/conferences/c-1", R"({"name":"n"})").status, 200);
  EXPECT_EQ(control_.replace.conference().id(), "c-1");
  EXPECT_EQ(control_.replace.conference().name(), "n");
}

TEST_F(RestHandlerTest, PatchChangesWhatTheBodyNames) {
  const Response response =
      Ask("PATCH", "/v1/conferences/c-1", R"({"id":"c-1","name":"","data":{"a":1},"status":"progressing"})");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.route, "/v1/conferences/{id}");
  EXPECT_THAT(control_.update.update_mask().paths(), ElementsAre("name", "data"));
  EXPECT_EQ(control_.update.conference().id(), "c-1");
  EXPECT_EQ(Ask("PATCH", "/v1/conferences/c-1", "{}").status, 200);
  EXPECT_THAT(control_.update.update_mask().paths(), IsEmpty());
}

TEST_F(RestHandlerTest, AnIdThatContradictsThePathIsRefused) {
  const Response response = Ask("PATCH", "/v1/conferences/c-1", R"({"id":"c-2"})");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(ErrorOf(response)["details"]["field"], "id");
}

TEST_F(RestHandlerTest, IfMatchIsPassedOn) {
  EXPECT_EQ(Ask("PATCH", "/v1/conferences/c-1", "{}", {{"If-Match", "\"v7\""}}).status, 200);
  EXPECT_EQ(control_.update.if_match(), "v7");
  EXPECT_EQ(Ask("PATCH", "/v1/conferences/c-1", "{}", {{"If-Match", "*"}}).status, 200);
  EXPECT_EQ(control_.update.if_match(), "");
  for (const char* bad : {"v7", "\"\"", "W/\"v7\"", "\"a\", \"b\""}) {
    EXPECT_EQ(Ask("PATCH", "/v1/conferences/c-1", "{}", {{"If-Match", bad}}).status, 400) << bad;
  }
  EXPECT_EQ(Ask("DELETE", "/v1/conferences/c-1", "", {{"If-Match", "\"v7\""}}).status, 400);
}

TEST_F(RestHandlerTest, BadBodiesAreRefused) {
  EXPECT_EQ(ReasonOf(Ask("POST", "/v1/conferences", "{")), "INVALID_JSON_BODY");
  EXPECT_EQ(ReasonOf(Ask("POST", "/v1/conferences", "")), "INVALID_JSON_BODY");
  const Response unknown = Ask("POST", "/v1/conferences", R"({"nonsense":1})");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(unknown.route, "/v1/conferences");
  EXPECT_EQ(ErrorOf(unknown)["details"]["field"], "nonsense");
  EXPECT_EQ(ErrorOf(unknown)["request_id"], "req-1");
  // A method without a body takes an empty object at most.
  EXPECT_EQ(Ask("GET", "/v1/conferences/c-1", "{}").status, 200);
  EXPECT_EQ(ReasonOf(Ask("GET", "/v1/conferences/c-1", R"({"a":1})")), "INVALID_REQUEST_PARAMETER");
}

TEST_F(RestHandlerTest, OnlyJsonIsTaken) {
  const std::vector<Header> bad[] = {{},
                                     {{"Content-Type", "text/plain"}},
                                     {{"Content-Type", "application/json; charset=latin1"}},
                                     {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}}};
  for (const auto& headers : bad) {
    const Response response = AskRaw({"POST", "/v1/conferences", headers, "{}", "r"});
    EXPECT_EQ(response.status, 415);
    EXPECT_EQ(ReasonOf(response), "UNSUPPORTED_MEDIA_TYPE");
  }
}

TEST_F(RestHandlerTest, BytesAreTakenAsTheyAre) {
  const std::string file("RIFF\0\xff{", 7);
  const Response made = AskRaw({"POST", "/v1/sounds?name=welcome", {{"Content-Type", "audio/wav"}}, file, "r"});
  EXPECT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(sounds_.create.file().data(), file);
  EXPECT_EQ(sounds_.create.file().content_type(), "audio/wav");
  EXPECT_EQ(sounds_.create.name(), "welcome");
}

// What a web page of another site can send without asking first.
TEST_F(RestHandlerTest, BytesOfASimpleTypeAreRefused) {
  const std::vector<Header> bad[] = {{},
                                     {{"Content-Type", "text/plain; charset=utf-8"}},
                                     {{"Content-Type", "application/x-www-form-urlencoded"}},
                                     {{"Content-Type", "Multipart/Form-Data; boundary=x"}}};
  for (const auto& headers : bad) {
    const Response response = AskRaw({"POST", "/v1/sounds", headers, "RIFF", "r"});
    EXPECT_EQ(response.status, 415);
    EXPECT_EQ(ReasonOf(response), "UNSUPPORTED_MEDIA_TYPE");
  }
}

TEST_F(RestHandlerTest, UnknownPathsAndMethods) {
  for (const char* path : {"/v1", "/v1/conferences/", "/v1/Conferences", "/v1/conferences/a/b", "/v2/conferences"}) {
    const Response response = Ask("GET", path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(ReasonOf(response), "PATH_NOT_FOUND");
    EXPECT_EQ(response.route, "none");
  }
  EXPECT_EQ(Ask("GET", "/v1/%zz").status, 400);
  const Response response = Ask("DELETE", "/v1/conferences");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(ReasonOf(response), "METHOD_NOT_ALLOWED");
  EXPECT_EQ(HeaderOf(response, "Allow"), "GET, HEAD, OPTIONS, POST");
  const Response options = Ask("OPTIONS", "/v1/calls/x/hangup");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(HeaderOf(options, "Allow"), "OPTIONS, POST");
  EXPECT_EQ(Ask("HEAD", "/v1/conferences/c-1").status, 200);
}

TEST_F(RestHandlerTest, AnIdempotencyKeyIsChecked) {
  for (const std::string& key : {std::string(129, 'k'), std::string("a b"), std::string("ü")}) {
    EXPECT_EQ(Ask("POST", "/v1/conferences", "{}", {{"Idempotency-Key", key}}).status, 400) << key;
  }
}

TEST_F(RestHandlerTest, ErrorsOfControlBecomeTheEnvelope) {
  const std::pair<absl::StatusCode, int> cases[] = {
      {absl::StatusCode::kInvalidArgument, 400},  {absl::StatusCode::kUnauthenticated, 401},
      {absl::StatusCode::kPermissionDenied, 403}, {absl::StatusCode::kNotFound, 404},
      {absl::StatusCode::kAlreadyExists, 409},    {absl::StatusCode::kFailedPrecondition, 409},
      {absl::StatusCode::kAborted, 412},          {absl::StatusCode::kResourceExhausted, 429},
      {absl::StatusCode::kInternal, 500},         {absl::StatusCode::kUnimplemented, 501},
      {absl::StatusCode::kUnavailable, 503},      {absl::StatusCode::kDeadlineExceeded, 504},
      {absl::StatusCode::kOutOfRange, 400},
  };
  for (const auto& [code, http_status] : cases) {
    control_.status = Error(code, "SOME_REASON", "A sentence.", {{"key", "value"}});
    const Response response = Ask("GET", "/v1/conferences/c-1");
    EXPECT_EQ(response.status, http_status);
    EXPECT_EQ(ErrorOf(response), (Json{{"status", absl::StatusCodeToString(code)},
                                       {"reason", "SOME_REASON"},
                                       {"message", "A sentence."},
                                       {"request_id", "req-1"},
                                       {"details", {{"key", "value"}}}}));
    EXPECT_EQ(HeaderOf(response, "Retry-After"), http_status == 429 || http_status == 503 ? "1" : "");
  }
}

TEST_F(RestHandlerTest, CredentialsGoOnAsTheyCame) {
  EXPECT_EQ(Ask("GET", "/v1/conferences/c-1").status, 200);
  EXPECT_EQ(control_.metadata.count("authorization"), 0u);
  EXPECT_EQ(Ask("GET", "/v1/conferences/c-1", "", {{"AUTHORIZATION", "Bearer  k e y"}}).status, 200);
  EXPECT_THAT(control_.metadata, Contains(std::pair("authorization", "Bearer  k e y")));
  control_.status = Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "A key is needed.");
  const Response refused = Ask("GET", "/v1/conferences/c-1");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(HeaderOf(refused, "WWW-Authenticate"), "Bearer");
}

TEST_F(RestHandlerTest, CredentialsThatCantGoOnAre401) {
  for (const std::string& value :
       {std::string("Bearer \xc3\xa9"), std::string("Bearer a\tb"), std::string(1025, 'x')}) {
    const Response refused = Ask("GET", "/v1/conferences/c-1", "", {{"Authorization", value}});
    EXPECT_EQ(refused.status, 401) << value;
    EXPECT_EQ(ReasonOf(refused), "UNAUTHENTICATED");
    EXPECT_EQ(HeaderOf(refused, "WWW-Authenticate"), "Bearer");
  }
  EXPECT_THAT(control_.metadata, IsEmpty());
}

TEST_F(RestHandlerTest, InnerErrorsAreNotShown) {
  control_.status = absl::InternalError("secret of the house");
  const Response response = Ask("GET", "/v1/conferences/c-1");
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, Not(HasSubstr("secret")));
  // The call service isn't registered at all.
  EXPECT_EQ(Ask("GET", "/v1/calls/x").status, 501);
}

TEST_F(RestHandlerTest, AControlThatCantBeReachedIs503) {
  // Port 1 of loopback: nobody listens.
  Connect("127.0.0.1:1", absl::Minutes(5));
  const Response response = Ask("GET", "/v1/conferences/c-1");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(ReasonOf(response), "CONTROL_UNAVAILABLE");
  EXPECT_EQ(HeaderOf(response, "Retry-After"), "1");
  EXPECT_THAT(response.body, Not(HasSubstr("127.0.0.1")));
}

TEST_F(RestHandlerTest, AControlThatDoesntAnswerIs504) {
  Connect(absl::StrCat("127.0.0.1:", 1), absl::Minutes(5));
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  FakeControl silent;
  builder.RegisterService(&silent);
  const auto server = builder.BuildAndStart();
  Connect(absl::StrCat("127.0.0.1:", port), absl::Milliseconds(20));
  const Response response = Ask("DELETE", "/v1/conferences/c-1");
  EXPECT_EQ(response.status, 504);
  EXPECT_EQ(ReasonOf(response), "DEADLINE_EXCEEDED");
  silent.released.Notify();
}

TEST_F(RestHandlerTest, ItsEndCancelsWhatIsUnderWay) {
  Response answer;
  handler_->Handle({"DELETE", "/v1/conferences/c-1", {}, "", "r"},
                   [&](Response response) { answer = std::move(response); });
  handler_.reset();
  EXPECT_EQ(answer.status, 500);
}

}  // namespace
}  // namespace tutti::gateway
