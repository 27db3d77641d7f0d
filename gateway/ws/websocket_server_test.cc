// Over real sockets of loopback, with a client that says exactly the bytes that it is given.

#include "gateway/ws/websocket_server.h"

#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/clock/clock.h"
#include "common/status/status.h"
#include "gateway/http/raw_client.h"
#include "gateway/http/server.h"
#include "gateway/ws/fake_event_source.h"
#include "gateway/ws/ws_client.h"
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"

namespace tutti::gateway::ws {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kRoom[] = "conference:0198f2d0-0000-7000-8000-00000000000a";
class NothingElse final : public Handler {
 public:
  void Handle(Request, Reply reply) override {
    Response response;
    response.body = "elsewhere";
    reply(std::move(response));
  }
};

class WebSocketServerTest : public ::testing::Test {
 protected:
  void Start() {
    ws_ = std::make_unique<WebSocketServer>(loop_, source_, clock_, ids_, ws_metrics_, next_, options_);
    auto server = Server::Start({.listen = "127.0.0.1:0"}, *ws_, clock_, ids_, http_metrics_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    Drive();
  }
  ~WebSocketServerTest() override {
    if (ws_ != nullptr) ws_->Stop(absl::ZeroDuration());
    server_ = nullptr;
    loop_.Stop();
  }

  void Drive() {
    for (bool busy = true; busy;) {
      busy = false;
      for (size_t i = 0; i < source_.open(); ++i) busy = source_.Step(i) || busy;
    }
    loop_.PostAfter(absl::Milliseconds(1), [this] { Drive(); });
  }
  // On the loop, and waits.
  void Do(const std::function<void()>& action) {
    absl::Notification done;
    loop_.Post([&] {
      action();
      done.Notify();
    });
    done.WaitForNotification();
  }
  void Append() {
    Do([this] { source_.Append(kRoom); });
  }
  std::string Ask(const std::string& request) {
    RawClient client(server_->port());
    return client.Ask(request);
  }
  static std::string Subscribe() { return absl::StrCat(R"({"type":"subscribe","topics":[{"topic":")", kRoom, "\"}]}"); }

  SystemClock clock_;
  IdGenerator ids_{clock_};
  Metrics metrics_;
  HttpMetrics http_metrics_{metrics_};
  WsMetrics ws_metrics_{metrics_};
  NothingElse next_;
  ThreadLoop loop_;
  FakeEventSource source_{loop_};
  WebSocketServer::Options options_;
  std::unique_ptr<WebSocketServer> ws_;
  std::unique_ptr<Server> server_;
};

TEST_F(WebSocketServerTest, AClientSubscribesAndHears) {
  Start();
  Append();
  WsClient client(server_->port(), "X-Request-Id: mine\r\nAuthorization: Bearer key\r\n");
  EXPECT_THAT(client.answer, StartsWith("HTTP/1.1 101"));
  // RFC 6455 section 1.3's own example.
  EXPECT_THAT(client.answer, HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  EXPECT_THAT(client.answer, HasSubstr("X-Request-Id: mine"));
  client.Say(Subscribe());
  EXPECT_EQ(client.ReadJson().at("type"), "subscribed");
  Append();
  const nlohmann::json event = client.ReadJson();
  EXPECT_EQ(event.at("stream"), kRoom);
  EXPECT_EQ(event.at("sequence"), 2);
  client.Say(R"({"type":"ping"})");
  EXPECT_EQ(client.ReadJson().at("type"), "pong");
  client.Send(9, "probe");
  EXPECT_EQ(client.Read(), std::make_pair(10, std::string("probe")));
  client.Send(8, "\x03\xe8");
  EXPECT_EQ(client.ReadClose(), 1000);
  EXPECT_EQ(source_.authorization, "Bearer key");
}

TEST_F(WebSocketServerTest, WhatIsNoUpgradeIsRefused) {
  Start();
  EXPECT_THAT(Ask("GET /v1/ws HTTP/1.1\r\nHost: localhost\r\n\r\n"), StartsWith("HTTP/1.1 426"));
  EXPECT_THAT(Ask("POST /v1/ws HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"), StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(Ask("GET /v1/wss HTTP/1.1\r\nHost: localhost\r\n\r\n"), HasSubstr("elsewhere"));
  EXPECT_THAT(WsClient(server_->port(), "Origin: http://evil.example\r\n").answer, HasSubstr("ORIGIN_NOT_ALLOWED"));
  EXPECT_THAT(WsClient(server_->port(), "Authorization: a\r\nAuthorization: b\r\n").answer, StartsWith("HTTP/1.1 401"));
  EXPECT_EQ(source_.watches, 0);
}

TEST_F(WebSocketServerTest, WhoIsNotAuthorizedIsRefusedAsByRest) {
  source_.refusal = Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "a valid key is needed");
  Start();
  const WsClient client(server_->port());
  EXPECT_THAT(client.answer, StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(client.answer, HasSubstr("WWW-Authenticate: Bearer"));
  EXPECT_THAT(client.answer, HasSubstr(R"("reason":"UNAUTHENTICATED")"));
}

TEST_F(WebSocketServerTest, ClientsAreLimited) {
  options_.limits.clients_max = 2;
  Start();
  WsClient first(server_->port());
  WsClient second(server_->port());
  // Answered, so both are counted.
  for (WsClient* client : {&first, &second}) {
    client->Say(R"({"type":"ping"})");
    client->ReadJson();
  }
  EXPECT_THAT(WsClient(server_->port()).answer, StartsWith("HTTP/1.1 503"));
}

TEST_F(WebSocketServerTest, BadFramesAreAnsweredAndTooLargeOnesEndIt) {
  Start();
  WsClient client(server_->port());
  client.Say("nonsense");
  EXPECT_EQ(client.ReadJson().at("error").at("reason"), "INVALID_JSON_BODY");
  client.Send(2, std::string("\x00\xff", 2));
  EXPECT_EQ(client.ReadJson().at("type"), "error");
  client.Say(std::string(options_.session.frame_bytes_max + 1, ' '));
  EXPECT_EQ(client.ReadClose(), 1009);
  WsClient broken(server_->port());
  // A reserved opcode.
  broken.Send(7, "");
  EXPECT_EQ(broken.ReadClose(), 1002);
}

TEST_F(WebSocketServerTest, OneThatDoesNotReadIsClosedAndDelaysNobody) {
  options_.session.queue_frames_max = 16;
  options_.session.socket_bytes = 4096;
  Start();
  Append();
  WsClient stalled(server_->port(), "", 4096);
  WsClient good(server_->port());
  for (WsClient* client : {&stalled, &good}) {
    client->Say(Subscribe());
    EXPECT_EQ(client->ReadJson().at("type"), "subscribed");
  }
  int sequence = 1;
  // More than fits into its queue and both kernels' buffers.
  while (sequence < 200) {
    Append();
    ASSERT_EQ(good.ReadJson().at("sequence"), ++sequence);
  }
  // It has time to take what was on its way.
  EXPECT_EQ(stalled.ReadClose(), 1013);
  Append();
  EXPECT_EQ(good.ReadJson().at("sequence"), ++sequence);
}

TEST_F(WebSocketServerTest, OneThatNeverReadsIsCutOff) {
  options_.session.queue_frames_max = 16;
  options_.session.socket_bytes = 4096;
  options_.session.last_write_timeout = absl::Milliseconds(1);
  Start();
  Append();
  WsClient stalled(server_->port(), "", 4096);
  stalled.Say(Subscribe());
  EXPECT_EQ(stalled.ReadJson().at("type"), "subscribed");
  while (ws_metrics_.topics().Value() > 0) Append();
}

TEST_F(WebSocketServerTest, OneThatIsSilentIsPingedAndThenClosed) {
  options_.session.idle_timeout = absl::Milliseconds(200);
  Start();
  WsClient client(server_->port());
  EXPECT_EQ(client.Read().first, 9);
  EXPECT_EQ(client.ReadClose(), 0);
}

TEST_F(WebSocketServerTest, AtTheEndClientsAreToldSo) {
  Start();
  WsClient client(server_->port());
  client.Say(R"({"type":"ping"})");
  client.ReadJson();
  std::thread stopper([this] { EXPECT_TRUE(ws_->Stop(absl::Seconds(10))); });
  const auto [opcode, payload] = client.Read();
  EXPECT_EQ(opcode, 8);
  EXPECT_EQ(payload.substr(0, 2), "\x03\xe9");
  client.Send(8, payload.substr(0, 2));
  stopper.join();
  EXPECT_THAT(WsClient(server_->port()).answer, ::testing::Not(StartsWith("HTTP/1.1 101")));
}

TEST_F(WebSocketServerTest, AtTheEndWhoDoesNotAnswerIsCutOff) {
  Start();
  WsClient client(server_->port());
  client.Say(R"({"type":"ping"})");
  client.ReadJson();
  EXPECT_FALSE(ws_->Stop(absl::Milliseconds(10)));
  EXPECT_EQ(client.ReadClose(), 1001);
}

}  // namespace
}  // namespace tutti::gateway::ws
