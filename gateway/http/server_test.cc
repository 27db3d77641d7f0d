#include "gateway/http/server.h"

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "gateway/http/error_response.h"
#include "gateway/http/raw_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "prometheus/text_serializer.h"

namespace tutti::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Answers with what it was asked; keeps the reply of "/hold" for later.
class EchoHandler final : public Handler {
 public:
  void Handle(Request request, Reply reply) override {
    if (request.target == "/hold") {
      absl::MutexLock lock(&mutex_);
      held_ = std::move(reply);
      return;
    }
    if (request.target == "/drop") return;
    Response response;
    response.route = "/echo";
    response.content_type = "text/plain";
    if (request.target == "/empty") {
      response.status = 204;
    } else {
      response.body = absl::StrCat(request.method, " ", request.target, " ", request.request_id, " ",
                                   std::string(request.Find("x-test")), " ", request.body);
    }
    reply(std::move(response));
  }

  // Waits for "/hold".
  Reply TakeHeld() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](Reply* held) { return static_cast<bool>(*held); }, &held_));
    return std::exchange(held_, nullptr);
  }

 private:
  absl::Mutex mutex_;
  Reply held_ ABSL_GUARDED_BY(mutex_);
};

class ServerTest : public ::testing::Test {
 protected:
  void StartServer(ServerOptions options = {}) {
    options.listen = "127.0.0.1:0";
    auto server = Server::Start(options, handler_, clock_, ids_, http_metrics_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::string Scrape() { return prometheus::TextSerializer().Serialize(metrics_.registry().Collect()); }

  SystemClock clock_;
  IdGenerator ids_{clock_};
  Metrics metrics_;
  HttpMetrics http_metrics_{metrics_};
  EchoHandler handler_;
  std::unique_ptr<Server> server_;
};

nlohmann::json ErrorOf(const std::string& response) {
  return nlohmann::json::parse(response.substr(response.find("\r\n\r\n") + 4)).at("error");
}

TEST_F(ServerTest, AnswersManyRequestsOnOneConnection) {
  StartServer();
  RawClient client(server_->port());
  for (int i = 0; i < 3; ++i) {
    const std::string response =
        client.Ask(absl::StrCat("POST /a?b=", i, " HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: r-", i,
                                "\r\nX-Test: t\r\nContent-Length: 4\r\n\r\nbody"));
    EXPECT_THAT(response, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(response, HasSubstr(absl::StrCat("\r\nX-Request-Id: r-", i, "\r\n")));
    EXPECT_THAT(response, HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"));
    EXPECT_THAT(response, HasSubstr(absl::StrCat("\r\n\r\nPOST /a?b=", i, " r-", i, " t body")));
  }
}

TEST_F(ServerTest, RequestsThatComeTogetherAreAnsweredInOrder) {
  StartServer();
  RawClient client(server_->port());
  client.Send(
      "GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string all = client.ReadToEnd();
  EXPECT_LT(all.find("GET /1 "), all.find("GET /2 "));
  EXPECT_NE(all.find("GET /2 "), std::string::npos);
}

TEST_F(ServerTest, AnOldClientIsAnsweredAndClosed) {
  StartServer();
  RawClient client(server_->port());
  client.Send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.ReadToEnd(), HasSubstr("GET / "));
}

TEST_F(ServerTest, AStrangeRequestIdIsReplaced) {
  StartServer();
  RawClient client(server_->port());
  const std::string response = client.Ask("GET / HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: a b\r\n\r\n");
  const std::string id = response.substr(response.find("X-Request-Id: ") + 14, 36);
  EXPECT_TRUE(IsUuid(id)) << response;
}

TEST_F(ServerTest, HeadHasTheLengthAndNoBody) {
  StartServer();
  RawClient client(server_->port());
  client.Send("HEAD / HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: r\r\n\r\n");
  EXPECT_THAT(client.ReadResponse(/*head=*/true), HasSubstr("Content-Length: 10\r\n"));
  // The next response begins right after it.
  EXPECT_THAT(client.Ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, NoContentHasNoLength) {
  StartServer();
  RawClient client(server_->port());
  const std::string response = client.Ask("GET /empty HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(response, StartsWith("HTTP/1.1 204"));
  EXPECT_THAT(response, Not(HasSubstr("Content-Length")));
}

TEST_F(ServerTest, ChunkedBodiesAreRead) {
  StartServer();
  RawClient client(server_->port());
  EXPECT_THAT(client.Ask("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
              HasSubstr(" abcde"));
}

TEST_F(ServerTest, AClientThatWaitsMayContinue) {
  StartServer();
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask("POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(client.Ask("ok"), HasSubstr(" ok"));
}

TEST_F(ServerTest, WhatIsNoProperRequestGetsAnErrorAndTheEnd) {
  StartServer({.body_bytes_max = 10});
  const std::string host = "Host: localhost\r\n";
  const struct {
    std::string request;
    int status;
    const char* reason;
  } cases[] = {
      {"\r\n\r\n\r\n", 400, "INVALID_HTTP"},
      {"nonsense\r\n\r\n", 400, "INVALID_HTTP"},
      {"GET /\r\n\r\n", 400, "INVALID_HTTP"},
      {"GET / HTTP/2.0\r\n" + host + "\r\n", 400, "INVALID_HTTP"},
      {"GET / HTTP/1.1\r\nHost localhost\r\n\r\n", 400, "INVALID_HTTP"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: x\r\n\r\n", 400, "INVALID_HTTP"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "INVALID_HTTP"},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "INVALID_HTTP"},
      {"GET / HTTP/1.1\r\n\r\n", 400, "HOST_INVALID"},
      {"GET / HTTP/1.1\r\n" + host + host + "\r\n", 400, "HOST_INVALID"},
      {"GET v1 HTTP/1.1\r\n" + host + "\r\n", 400, "INVALID_REQUEST_PARAMETER"},
      {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403, "HOST_NOT_ALLOWED"},
      {"GET http://evil.example/ HTTP/1.1\r\n" + host + "\r\n", 403, "HOST_NOT_ALLOWED"},
      {"GET / HTTP/1.1\r\n" + host + "Origin: http://evil.example\r\n\r\n", 403, "ORIGIN_NOT_ALLOWED"},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 11\r\n\r\nhello world", 413, "PAYLOAD_TOO_LARGE"},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n", 413,
       "PAYLOAD_TOO_LARGE"},
      {"POST / HTTP/1.1\r\n" + host + "Expect: magic\r\nContent-Length: 1\r\n\r\n", 417, "EXPECTATION_FAILED"},
      {"GET / HTTP/1.1\r\n" + host + "X: " + std::string(20'000, 'x') + "\r\n\r\n", 431, "HEADER_TOO_LARGE"},
      {"GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n" + host + "\r\n", 431, "HEADER_TOO_LARGE"},
  };
  for (const auto& c : cases) {
    RawClient client(server_->port());
    client.Send(c.request);
    const std::string response = client.ReadResponse();
    client.EndSending();
    EXPECT_EQ(client.ReadToEnd(), "") << c.request;
    ASSERT_THAT(response, StartsWith(absl::StrCat("HTTP/1.1 ", c.status, " "))) << c.request;
    const nlohmann::json error = ErrorOf(response);
    EXPECT_EQ(error["reason"], c.reason) << c.request;
    EXPECT_TRUE(IsUuid(error["request_id"].get<std::string>()));
    EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
  }
}

TEST_F(ServerTest, ARefusedUploadSeesWhyBeforeTheConnectionEnds) {
  StartServer();
  RawClient client(server_->port());
  client.Send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n");
  client.Send(std::string(3'000'000, 'x'));
  EXPECT_THAT(client.ReadResponse(), StartsWith("HTTP/1.1 413"));
}

TEST_F(ServerTest, ASlowRequestIsCutOffHoweverOftenItDrips) {
  StartServer({.request_timeout = absl::Milliseconds(50)});
  RawClient client(server_->port());
  client.Send("GET / HTTP/1.1\r\n");
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(ServerTest, AnIdleConnectionIsClosed) {
  StartServer({.idle_timeout = absl::Milliseconds(50)});
  RawClient fresh(server_->port());
  EXPECT_EQ(fresh.ReadToEnd(), "");
  RawClient used(server_->port());
  EXPECT_THAT(used.Ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(used.ReadToEnd(), "");
}

TEST_F(ServerTest, OneConnectionTooManyIsToldSo) {
  StartServer({.connections_max = 1});
  RawClient first(server_->port());
  EXPECT_THAT(first.Ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  RawClient second(server_->port());
  const std::string response = second.ReadToEnd();
  EXPECT_THAT(response, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(response, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_EQ(ErrorOf(response)["reason"], "TOO_MANY_CONNECTIONS");
  EXPECT_THAT(first.Ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Scrape(), HasSubstr("tutti_gateway_connections_refused_total 1"));
}

TEST_F(ServerTest, ARequestWithoutAReplyEndsItsConnection) {
  StartServer();
  RawClient client(server_->port());
  client.Send("GET /drop HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(ServerTest, DrainingFinishesWhatBeganAndClosesWhatIsIdle) {
  StartServer();
  RawClient idle(server_->port());
  EXPECT_THAT(idle.Ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  RawClient busy(server_->port());
  busy.Send("GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
  Reply reply = handler_.TakeHeld();
  bool drained = false;
  std::thread stop([&] { drained = server_->Stop(absl::InfiniteDuration()); });
  EXPECT_EQ(idle.ReadToEnd(), "");
  reply(Response{.body = "late"});
  reply = nullptr;
  const std::string response = busy.ReadToEnd();
  EXPECT_THAT(response, HasSubstr("\r\n\r\nlate"));
  EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
  stop.join();
  EXPECT_TRUE(drained);
}

TEST_F(ServerTest, WhatOutlastsTheDrainIsCutOffAndItsReplyGoesNowhere) {
  StartServer();
  RawClient busy(server_->port());
  busy.Send("GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
  Reply reply = handler_.TakeHeld();
  EXPECT_FALSE(server_->Stop(absl::ZeroDuration()));
  EXPECT_EQ(busy.ReadToEnd(), "");
  server_.reset();
  reply(Response{.body = "too late"});
}

TEST_F(ServerTest, APortInUseIsOneSentence) {
  StartServer();
  const std::string listen = absl::StrCat("127.0.0.1:", server_->port());
  const auto second = Server::Start({.listen = listen}, handler_, clock_, ids_, http_metrics_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(second.status().message(), "can't listen for HTTP on " + listen + ": the port is taken or not allowed");
  EXPECT_EQ(Server::Start({.listen = "here"}, handler_, clock_, ids_, http_metrics_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ServerTest, FiguresCountByRouteMethodAndClass) {
  StartServer();
  {
    RawClient client(server_->port());
    client.Ask("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody");
    client.Ask("BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.Ask("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  }
  EXPECT_TRUE(server_->Stop(absl::InfiniteDuration()));
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr(R"(tutti_gateway_requests_total{method="POST",route="/echo",status="2xx"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(tutti_gateway_requests_total{method="other",route="/echo",status="2xx"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(tutti_gateway_requests_total{method="GET",route="none",status="4xx"} 1)"));
  EXPECT_THAT(text, HasSubstr("tutti_gateway_request_bytes_total 4\n"));
  EXPECT_THAT(text, HasSubstr("tutti_gateway_requests_in_flight 0\n"));
  EXPECT_THAT(text, HasSubstr("tutti_gateway_connections 0\n"));
}

}  // namespace
}  // namespace tutti::gateway
