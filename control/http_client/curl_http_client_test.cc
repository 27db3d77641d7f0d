// The real client against real sockets on loopback.

#include "control/http_client/curl_http_client.h"

#include <stdlib.h>

#include <atomic>
#include <future>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/status/status.h"
#include "common/testing/http_server.h"
#include "control/media/wait_for.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

using Result = absl::StatusOr<HttpResponse>;

CurlHttpClient::Options OnLoopback() {
  CurlHttpClient::Options options;
  options.guard = AddressGuard::Make({"127.0.0.0/8", "::1"}).value();
  return options;
}

HttpRequest Get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return request;
}

std::future<Result> Begin(HttpClient& client, HttpRequest request) {
  auto promise = std::make_shared<std::promise<Result>>();
  client.Send(std::move(request), [promise](Result result) { promise->set_value(std::move(result)); });
  return promise->get_future();
}

Result Send(HttpClient& client, HttpRequest request) { return Begin(client, std::move(request)).get(); }

std::string Reason(const Result& result) { return GetErrorDetail(result.status()).reason; }

TEST(CurlHttpClientTest, SendsARequestAndGivesTheResponse) {
  std::string got;
  TestHttpServer server([&](const std::string& request) {
    got = request;
    return TestHttpServer::Response(201, "made", "Content-Type: text/plain; charset=utf-8\r\nETag: \"v1\"\r\n");
  });
  CurlHttpClient client(OnLoopback());
  HttpRequest request = Get(server.Url("/hook?x=1"));
  request.method = "POST";
  request.body = "{\"a\":1}";
  request.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}, {"webhook-id", "7"}};
  const Result result = Send(client, request);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->status, 201);
  EXPECT_EQ(result->content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(result->etag, "\"v1\"");
  EXPECT_EQ(result->body, "made");
  EXPECT_TRUE(absl::StartsWith(got, "POST /hook?x=1 HTTP/1.1\r\n")) << got;
  for (const char* part :
       {"\r\nContent-Type: application/json\r\n", "\r\nX-Empty:\r\n", "\r\nwebhook-id: 7\r\n", "\r\n\r\n{\"a\":1}"}) {
    EXPECT_TRUE(absl::StrContains(got, part)) << part << " in " << got;
  }
  EXPECT_FALSE(absl::StrContains(got, "Expect:")) << got;
  // The next request takes the same connection.
  EXPECT_EQ(Send(client, Get(server.Url()))->status, 201);
  EXPECT_TRUE(absl::StartsWith(got, "GET / HTTP/1.1\r\n")) << got;
  EXPECT_FALSE(absl::StrContains(got, "Content-Type:")) << got;
  EXPECT_EQ(server.Connections(), 1);
  for (const char* method : {"PUT", "PATCH", "DELETE"}) {
    request.method = method;
    EXPECT_EQ(Send(client, request)->status, 201);
    EXPECT_TRUE(absl::StartsWith(got, absl::StrCat(method, " /hook"))) << got;
  }
}

TEST(CurlHttpClientTest, ErrorsOfTheServerAreResponsesAndRedirectsAreNotFollowed) {
  std::atomic<int> requests{0};
  TestHttpServer server([&](const std::string& request) {
    ++requests;
    if (absl::StrContains(request, " /moved ")) return TestHttpServer::Response(302, "", "Location: /elsewhere\r\n");
    return TestHttpServer::Response(500, "no");
  });
  CurlHttpClient client(OnLoopback());
  EXPECT_EQ(Send(client, Get(server.Url("/moved")))->status, 302);
  EXPECT_EQ(requests, 1);
  EXPECT_EQ(Send(client, Get(server.Url("/broken")))->status, 500);
}

TEST(CurlHttpClientTest, PrivateAddressesAreRefusedAfterDnsToo) {
  TestHttpServer server([](const std::string&) { return TestHttpServer::Response(200, ""); });
  CurlHttpClient client({});
  const Result by_address = Send(client, Get(server.Url()));
  EXPECT_EQ(Reason(by_address), "URL_NOT_ALLOWED");
  EXPECT_EQ(by_address.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(client.CheckUrl(server.Url()).ok());
  const std::string by_name = absl::StrCat("http://localhost:", server.port(), "/");
  EXPECT_TRUE(client.CheckUrl(by_name).ok());
  const Result resolved = Send(client, Get(by_name));
  EXPECT_EQ(Reason(resolved), "URL_NOT_ALLOWED") << resolved.status();
  EXPECT_EQ(resolved.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(server.Connections(), 0);
  // The same name where it is allowed.
  CurlHttpClient allowed(OnLoopback());
  EXPECT_EQ(Send(allowed, Get(by_name))->status, 200);
}

TEST(CurlHttpClientTest, NoProxyOfTheEnvironment) {
  TestHttpServer proxy([](const std::string&) { return TestHttpServer::Response(200, "proxy"); });
  TestHttpServer server([](const std::string&) { return TestHttpServer::Response(200, "server"); });
  setenv("http_proxy", proxy.Url("").c_str(), 1);
  setenv("ALL_PROXY", proxy.Url("").c_str(), 1);
  CurlHttpClient client(OnLoopback());
  EXPECT_EQ(Send(client, Get(server.Url()))->body, "server");
  unsetenv("http_proxy");
  unsetenv("ALL_PROXY");
  EXPECT_EQ(proxy.Connections(), 0);
}

TEST(CurlHttpClientTest, LongResponsesAreErrorsOrCut) {
  TestHttpServer server([](const std::string& request) {
    if (absl::StrContains(request, " /headers ")) {
      std::string headers;
      for (int i = 0; i < 2'000; ++i) absl::StrAppend(&headers, "X-", i, ": ", std::string(50, 'x'), "\r\n");
      return TestHttpServer::Response(200, "", headers);
    }
    return TestHttpServer::Response(200, std::string(1'000, 'x'));
  });
  CurlHttpClient client(OnLoopback());
  HttpRequest request = Get(server.Url());
  request.response_bytes_max = 1'000;
  EXPECT_EQ(Send(client, request)->body.size(), 1'000u);
  request.response_bytes_max = 999;
  EXPECT_EQ(Reason(Send(client, request)), "HTTP_RESPONSE_TOO_LARGE");
  request.cut_response = true;
  const Result cut = Send(client, request);
  ASSERT_TRUE(cut.ok()) << cut.status();
  EXPECT_EQ(cut->status, 200);
  EXPECT_EQ(cut->body.size(), 999u);
  EXPECT_EQ(Reason(Send(client, Get(server.Url("/headers")))), "HTTP_FAILED");
}

TEST(CurlHttpClientTest, RefusesRequestsThatSmuggle) {
  CurlHttpClient client(OnLoopback());
  HttpRequest request = Get("http://127.0.0.1:1/");
  for (const auto& [name, value] : {std::pair("X", "a\r\nY: b"), std::pair("X\r\nY", "b"), std::pair("X Y", "b"),
                                    std::pair("", "b"), std::pair("Host", "other"), std::pair("content-length", "3"),
                                    std::pair("Transfer-Encoding", "chunked"), std::pair("X", "\x01")}) {
    request.headers = {{name, value}};
    EXPECT_EQ(Reason(Send(client, request)), "HTTP_REQUEST_INVALID") << name;
  }
  request.headers.clear();
  request.method = "CONNECT";
  EXPECT_EQ(Reason(Send(client, request)), "HTTP_REQUEST_INVALID");
  request.method = "POST";
  request.body.resize(kHttpRequestBytesMax + 1);
  EXPECT_EQ(Reason(Send(client, request)), "HTTP_REQUEST_INVALID");
}

TEST(CurlHttpClientTest, TellsWhatFailed) {
  CurlHttpClient client(OnLoopback());
  int closed_port = 0;
  {
    TestHttpServer gone([](const std::string&) { return ""; });
    closed_port = gone.port();
    EXPECT_EQ(Reason(Send(client, Get(gone.Url()))), "HTTP_FAILED") << "closed without an answer";
    EXPECT_EQ(Reason(Send(client, Get(absl::StrCat("https://127.0.0.1:", gone.port(), "/")))), "HTTP_TLS_FAILED");
  }
  EXPECT_EQ(Reason(Send(client, Get(absl::StrCat("http://127.0.0.1:", closed_port, "/")))), "HTTP_CONNECT_FAILED");
  EXPECT_EQ(Reason(Send(client, Get("http://name.invalid/"))), "HTTP_HOST_NOT_FOUND");
}

// Holds each request until it is released.
class Gate {
 public:
  ~Gate() { Open(); }
  void Pass() {
    ++held_;
    open_.WaitForNotification();
  }
  void Open() {
    if (!open_.HasBeenNotified()) open_.Notify();
  }
  int held() const { return held_; }

 private:
  std::atomic<int> held_{0};
  absl::Notification open_;
};

TEST(CurlHttpClientTest, ASilentHostTimesOutAndHoldsUpNobodyElse) {
  Gate gate;
  TestHttpServer silent([&](const std::string&) {
    gate.Pass();
    return "";
  });
  TestHttpServer good([](const std::string&) { return TestHttpServer::Response(200, ""); });
  auto options = OnLoopback();
  options.host_requests_max = 2;
  options.host_waiting_max = 3;
  options.requests_max = 4;
  CurlHttpClient client(options);
  std::vector<std::future<Result>> stuck;
  HttpRequest request = Get(silent.Url());
  request.timeout = absl::Minutes(5);
  for (int i = 0; i < 2; ++i) stuck.push_back(Begin(client, request));
  ASSERT_TRUE(WaitFor([&] { return gate.held() == 2; }));
  // These have no connection, and then no place any more.
  request.timeout = absl::Milliseconds(30);
  for (int i = 0; i < 3; ++i) stuck.push_back(Begin(client, request));
  request.timeout = absl::Minutes(5);
  EXPECT_EQ(Reason(stuck[2].get()), "HTTP_TIMEOUT");
  for (int i = 0; i < 3; ++i) stuck.push_back(Begin(client, request));
  EXPECT_EQ(Send(client, Get(good.Url()))->status, 200);
  EXPECT_EQ(Reason(Send(client, request)), "HTTP_TOO_MANY_REQUESTS");
  EXPECT_EQ(gate.held(), 2);
  gate.Open();
  EXPECT_EQ(Reason(stuck[0].get()), "HTTP_FAILED");
  EXPECT_EQ(Reason(stuck[5].get()), "HTTP_FAILED");
  // One that has a connection.
  Gate other;
  TestHttpServer slow([&](const std::string&) {
    other.Pass();
    return "";
  });
  request = Get(slow.Url());
  request.timeout = absl::Milliseconds(30);
  EXPECT_EQ(Reason(Send(client, request)), "HTTP_TIMEOUT");
  other.Open();
}

TEST(CurlHttpClientTest, ManyAtATime) {
  TestHttpServer server([](const std::string& request) {
    return TestHttpServer::Response(200, request.substr(0, request.find(" HTTP")));
  });
  CurlHttpClient client(OnLoopback());
  std::vector<std::future<Result>> results;
  for (int i = 0; i < 500; ++i) results.push_back(Begin(client, Get(server.Url(absl::StrCat("/", i)))));
  for (int i = 0; i < 500; ++i) {
    const Result result = results[i].get();
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->body, absl::StrCat("GET /", i));
  }
  EXPECT_LE(server.Connections(), 64);
}

TEST(CurlHttpClientTest, ItsEndEndsWhatIsUnderWay) {
  Gate gate;
  TestHttpServer silent([&](const std::string&) {
    gate.Pass();
    return "";
  });
  auto options = OnLoopback();
  options.host_requests_max = 1;
  CurlHttpClient client(options);
  auto running = Begin(client, Get(silent.Url()));
  auto waiting = Begin(client, Get(silent.Url()));
  std::promise<Result> again;
  client.Send(Get(silent.Url()), [&](const Result& result) {
    EXPECT_EQ(Reason(result), "SHUTTING_DOWN");
    client.Send(Get(silent.Url()), [&](Result second) { again.set_value(std::move(second)); });
  });
  ASSERT_TRUE(WaitFor([&] { return gate.held() == 1; }));
  client.Stop();
  EXPECT_EQ(Reason(running.get()), "SHUTTING_DOWN");
  EXPECT_EQ(Reason(waiting.get()), "SHUTTING_DOWN");
  EXPECT_EQ(Reason(again.get_future().get()), "SHUTTING_DOWN");
  EXPECT_EQ(Reason(Send(client, Get(silent.Url()))), "SHUTTING_DOWN");
  gate.Open();
}

}  // namespace
}  // namespace tutti::control
