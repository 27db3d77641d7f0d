// Over real sockets: a client that says exactly the bytes that it is given, and a
// control plane and a media node that answer as a test says.

#include "gateway/media_stream/media_stream_server.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/clock/clock.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "gateway/http/server.h"
#include "gateway/ws/ws_client.h"
#include "gmock/gmock.h"
#include "tutti/media/v1/media_plane.grpc.pb.h"

namespace tutti::gateway::media_stream {
namespace {

using control::v1::OpenMediaStreamRequest;
using media::v1::StreamAudioRequest;
using media::v1::StreamAudioResponse;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using ws::WsClient;

constexpr char kTarget[] = "/v1/conferences/room/media_stream";
constexpr char kToken[] = "a-token";

class NothingElse final : public Handler {
 public:
  void Handle(Request, Reply reply) override {
    Response response;
    response.body = "elsewhere";
    reply(std::move(response));
  }
};

// Opens every stream at the media node that it was told of, or refuses it.
class FakeControl final : public control::v1::ConferenceService::CallbackService {
 public:
  grpc::ServerUnaryReactor* OpenMediaStream(grpc::CallbackServerContext* context, const OpenMediaStreamRequest* request,
                                            control::v1::MediaStream* response) override {
    auto* reactor = context->DefaultReactor();
    {
      absl::MutexLock lock(&mutex);
      last = *request;
      for (const auto& [key, value] : context->client_metadata()) {
        metadata[std::string(key.data(), key.size())] = std::string(value.data(), value.size());
      }
    }
    response->set_media_address(media_address);
    response->set_token(kToken);
    response->set_rate(request->rate());
    reactor->Finish(ToGrpcStatus(answer));
    return reactor;
  }

  absl::Status answer;
  std::string media_address;
  absl::Mutex mutex;
  OpenMediaStreamRequest last ABSL_GUARDED_BY(mutex);
  std::map<std::string, std::string> metadata ABSL_GUARDED_BY(mutex);
};

// One stream at a time, on a thread of gRPC's.
class FakeMedia final : public media::v1::MediaPlane::Service {
 public:
  using Stream = grpc::ServerReaderWriter<StreamAudioResponse, StreamAudioRequest>;

  grpc::Status StreamAudio(grpc::ServerContext*, Stream* stream) override {
    StreamAudioRequest request;
    if (!stream->Read(&request) || request.token() != kToken) {
      return ToGrpcStatus(Error(absl::StatusCode::kUnauthenticated, "STREAM_TOKEN_INVALID", "no"));
    }
    if (!refusal.ok()) return ToGrpcStatus(refusal);
    stream->SendInitialMetadata();
    const absl::Status status = serve(*stream);
    absl::MutexLock lock(&mutex);
    ++ended;
    return ToGrpcStatus(status);
  }

  void AwaitEnded(int count) {
    const auto enough = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return ended >= count; };
    absl::MutexLock lock(&mutex);
    mutex.Await(absl::Condition(&enough));
  }

  absl::Status refusal;
  // By default until the client ends it.
  std::function<absl::Status(Stream&)> serve = [](Stream& stream) {
    StreamAudioRequest request;
    while (stream.Read(&request)) {
    }
    return absl::OkStatus();
  };
  absl::Mutex mutex;
  int ended ABSL_GUARDED_BY(mutex) = 0;
};

class MediaStreamServerTest : public ::testing::Test {
 protected:
  void Start() {
    media_server_ = *StartRpcServer({.listen = "127.0.0.1:0", .services = {&media_}});
    control_server_ = *StartRpcServer({.listen = "127.0.0.1:0", .services = {&control_}});
    if (control_.media_address.empty()) control_.media_address = absl::StrCat("127.0.0.1:", media_server_.port);
    streams_ = std::make_unique<MediaStreamServer>(
        MakeRpcChannel(absl::StrCat("127.0.0.1:", control_server_.port)),
        [](const std::string& address) { return MakeRpcChannel(address); }, loop_, ids_, metrics_, next_, options_);
    auto server = Server::Start({.listen = "127.0.0.1:0"}, *streams_, clock_, ids_, http_metrics_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  ~MediaStreamServerTest() override {
    if (streams_ != nullptr) streams_->Stop(absl::ZeroDuration());
    server_ = nullptr;
    loop_.Stop();
    for (RpcServer* server : {&media_server_, &control_server_}) {
      if (server->server != nullptr) server->server->Shutdown(std::chrono::system_clock::now());
    }
  }

  std::unique_ptr<WsClient> Connect(const std::string& query = "", const std::string& headers = "",
                                    int receive_bytes = 0) {
    return std::make_unique<WsClient>(server_->port(), headers, receive_bytes, absl::StrCat(kTarget, query));
  }
  void AwaitClients(double count) {
    while (metrics_.clients().Value() != count) absl::SleepFor(absl::Milliseconds(1));
  }

  SystemClock clock_;
  IdGenerator ids_{clock_};
  Metrics registry_;
  HttpMetrics http_metrics_{registry_};
  MediaStreamMetrics metrics_{registry_};
  NothingElse next_;
  ws::ThreadLoop loop_;
  MediaStreamServer::Options options_;
  FakeControl control_;
  FakeMedia media_;
  RpcServer control_server_;
  RpcServer media_server_;
  std::unique_ptr<MediaStreamServer> streams_;
  std::unique_ptr<Server> server_;
};

TEST_F(MediaStreamServerTest, FramesGoBothWays) {
  media_.serve = [](FakeMedia::Stream& stream) {
    StreamAudioRequest request;
    StreamAudioResponse response;
    while (stream.Read(&request)) {
      // Beast cuts what is larger than 4 KiB into frames.
      response.set_samples(absl::StrCat(request.samples().size(), ":", request.samples().substr(0, 640)));
      if (!stream.Write(response)) break;
    }
    return absl::OkStatus();
  };
  Start();
  auto client = Connect("?direction=sendrecv&rate=8000&source=bot&pin=1234",
                        "Authorization: Bearer key\r\nX-Request-Id: mine\r\n");
  EXPECT_THAT(client->answer, StartsWith("HTTP/1.1 101"));
  EXPECT_THAT(client->answer, HasSubstr("X-Request-Id: mine"));
  {
    absl::MutexLock lock(&control_.mutex);
    EXPECT_EQ(control_.last.id(), "room");
    EXPECT_EQ(control_.last.rate(), 8000);
    EXPECT_EQ(control_.last.direction(), OpenMediaStreamRequest::DIRECTION_SENDRECV);
    EXPECT_EQ(control_.last.source(), "bot");
    EXPECT_EQ(control_.last.pin(), "1234");
    EXPECT_EQ(control_.metadata["authorization"], "Bearer key");
    EXPECT_EQ(control_.metadata["x-request-id"], "mine");
  }
  for (const std::string& frame : {std::string("ab"), std::string(640, 'x'), std::string(65'534, 'y')}) {
    client->Send(2, frame);
    EXPECT_EQ(client->Read(), std::make_pair(2, absl::StrCat(frame.size(), ":", frame.substr(0, 640))));
  }
  // Empty ones and pings are nothing.
  client->Send(2, "");
  client->Send(9, "p");
  EXPECT_EQ(client->Read(), std::make_pair(10, std::string("p")));
  AwaitClients(1);
  client->Send(8, "\x03\xe8");
  EXPECT_EQ(client->ReadClose(), 1000);
  media_.AwaitEnded(1);
  AwaitClients(0);
}

TEST_F(MediaStreamServerTest, AClientThatBreaksOffEndsItsStream) {
  Start();
  auto client = Connect();
  EXPECT_THAT(client->answer, StartsWith("HTTP/1.1 101"));
  client = nullptr;
  media_.AwaitEnded(1);
}

TEST_F(MediaStreamServerTest, WhatIsNotSamplesClosesIt) {
  Start();
  const std::tuple<const char*, int, std::string, int, const char*> cases[] = {
      {"?direction=sendrecv", 1, "hello", 1003, "binary"},
      {"?direction=sendrecv", 2, "abc", 1007, "two bytes"},
      {"", 2, "ab", 1003, "direction=sendrecv"},
      {"?direction=sendrecv", 2, std::string(65'537, 'x'), 1009, ""},
  };
  for (const auto& [query, opcode, payload, code, text] : cases) {
    auto client = Connect(query);
    client->Send(opcode, payload);
    const auto [close, reason] = client->Read();
    ASSERT_EQ(close, 8);
    EXPECT_EQ(static_cast<unsigned char>(reason.at(0)) << 8 | static_cast<unsigned char>(reason.at(1)), code);
    EXPECT_THAT(reason, HasSubstr(text));
  }
  media_.AwaitEnded(4);
}

TEST_F(MediaStreamServerTest, TheEndOfTheStreamIsTold) {
  const std::pair<absl::Status, int> cases[] = {
      {absl::OkStatus(), 1000},
      {Error(absl::StatusCode::kResourceExhausted, "STREAM_TOO_SLOW", "slow"), 1013},
      {absl::UnavailableError("gone"), 1011},
  };
  absl::Status status;
  media_.serve = [&status](FakeMedia::Stream& stream) {
    StreamAudioRequest request;
    stream.Read(&request);
    return status;
  };
  Start();
  for (const auto& [end, code] : cases) {
    status = end;
    auto client = Connect("?direction=sendrecv");
    client->Send(2, "ab");
    EXPECT_EQ(client->ReadClose(), code) << end;
  }
}

TEST_F(MediaStreamServerTest, RefusalsAreAnsweredAsHttp) {
  Start();
  EXPECT_THAT(Connect("?rate=44100")->answer, HasSubstr("INVALID_REQUEST_PARAMETER"));
  EXPECT_THAT(Connect("", "Origin: https://elsewhere.example\r\n")->answer, HasSubstr("ORIGIN_NOT_ALLOWED"));
  EXPECT_THAT(Connect("", absl::StrCat("Authorization: Bearer ", std::string(2000, 'x'), "\r\n"))->answer,
              StartsWith("HTTP/1.1 401"));
  RawClient plain(server_->port());
  EXPECT_THAT(plain.Ask(absl::StrCat("GET ", kTarget, " HTTP/1.1\r\nHost: localhost\r\n\r\n")),
              StartsWith("HTTP/1.1 426"));
  EXPECT_THAT(plain.Ask(absl::StrCat("DELETE ", kTarget, " HTTP/1.1\r\nHost: localhost\r\n\r\n")),
              StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(plain.Ask("GET /v1/conferences/room HTTP/1.1\r\nHost: localhost\r\n\r\n"), HasSubstr("elsewhere"));
  control_.answer = Error(absl::StatusCode::kNotFound, "CONFERENCE_NOT_FOUND", "No such room.");
  EXPECT_THAT(Connect()->answer, StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Connect()->answer, HasSubstr("CONFERENCE_NOT_FOUND"));
  control_.answer = absl::OkStatus();
  media_.refusal = absl::InternalError("inner words");
  EXPECT_THAT(Connect()->answer, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(Connect()->answer, HasSubstr("MEDIA_NODE_UNAVAILABLE"));
  EXPECT_THAT(Connect()->answer, Not(HasSubstr("inner words")));
}

TEST_F(MediaStreamServerTest, AMediaNodeThatIsNotThereIsAnAnswer) {
  control_.media_address = "127.0.0.1:1";
  Start();
  EXPECT_THAT(Connect()->answer, HasSubstr("MEDIA_NODE_UNAVAILABLE"));
}

TEST_F(MediaStreamServerTest, ThereAreNoMoreThanConfigured) {
  options_.clients_max = 1;
  Start();
  auto client = Connect();
  EXPECT_THAT(client->answer, StartsWith("HTTP/1.1 101"));
  EXPECT_THAT(Connect()->answer, HasSubstr("TOO_MANY_CLIENTS"));
  client = nullptr;
  media_.AwaitEnded(1);
  while (Connect()->answer.find("HTTP/1.1 101") != 0) {
  }
}

TEST_F(MediaStreamServerTest, OneThatDoesNotReadIsClosedAndDelaysNobody) {
  options_.session.queue_frames_max = 16;
  options_.session.socket_bytes = 4096;
  // It takes nothing any more, not even that it is closed.
  options_.session.last_write_timeout = absl::Milliseconds(100);
  options_.session.handshake_timeout = absl::Milliseconds(500);
  media_.serve = [](FakeMedia::Stream& stream) {
    StreamAudioResponse response;
    response.set_samples(std::string(640, 's'));
    while (stream.Write(response)) absl::SleepFor(absl::Milliseconds(1));
    return absl::OkStatus();
  };
  Start();
  auto stalled = Connect("", "", 4096);
  auto good = Connect();
  // Until the stalled one's stream is over.
  for (bool over = false; !over;) {
    ASSERT_EQ(good->Read().first, 2);
    absl::MutexLock lock(&media_.mutex);
    over = media_.ended == 1;
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(good->Read().first, 2);
}

TEST_F(MediaStreamServerTest, OneThatIsTooSlowIsToldSo) {
  options_.session.queue_frames_max = 16;
  options_.session.socket_bytes = 4096;
  media_.serve = [](FakeMedia::Stream& stream) {
    StreamAudioResponse response;
    response.set_samples(std::string(640, 's'));
    for (int i = 0; i < 10'000 && stream.Write(response); ++i) {
    }
    return absl::OkStatus();
  };
  Start();
  auto stalled = Connect("", "", 4096);
  // What was on its way is there first.
  EXPECT_EQ(stalled->ReadClose(), 1013);
}

TEST_F(MediaStreamServerTest, AtTheEndClientsAreToldSo) {
  Start();
  auto client = Connect();
  AwaitClients(1);
  std::thread stopper([this] { EXPECT_TRUE(streams_->Stop(absl::Seconds(10))); });
  const auto [opcode, payload] = client->Read();
  EXPECT_EQ(opcode, 8);
  EXPECT_EQ(payload.substr(0, 2), "\x03\xe9");
  client->Send(8, payload.substr(0, 2));
  stopper.join();
  EXPECT_THAT(Connect()->answer, HasSubstr("SHUTTING_DOWN"));
}

TEST_F(MediaStreamServerTest, AtTheEndWhoDoesNotAnswerIsCutOff) {
  Start();
  auto client = Connect();
  AwaitClients(1);
  EXPECT_FALSE(streams_->Stop(absl::Milliseconds(10)));
  EXPECT_EQ(client->ReadClose(), 1001);
}

}  // namespace
}  // namespace tutti::gateway::media_stream
