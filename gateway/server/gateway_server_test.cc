#include "gateway/server/gateway_server.h"

#include <atomic>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/config/config.h"
#include "common/rpc/server.h"
#include "common/tls/test_authority.h"
#include "gateway/http/raw_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tutti/control/v1/conference.grpc.pb.h"

namespace tutti::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Free ports, and a control that nobody is: port 1 of loopback.
config::v1::Config MakeConfig(const std::vector<std::string>& more = {}) {
  std::vector<std::string> flags = {"--gateway.http_listen=127.0.0.1:0", "--gateway.metrics_listen=127.0.0.1:0",
                                    "--gateway.grpc_listen=127.0.0.1:0", "--gateway.control_address=127.0.0.1:1"};
  flags.insert(flags.end(), more.begin(), more.end());
  config::v1::Config config;
  EXPECT_TRUE(ReadConfig(flags, config).ok());
  return config;
}

std::string Get(RawClient& client, const std::string& path) {
  return client.Ask(absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
}

TEST(GatewayServer, LivesWithoutControlAndSaysSo) {
  SystemClock clock;
  const auto server = GatewayServer::Start(MakeConfig(), clock);
  ASSERT_TRUE(server.ok()) << server.status();
  RawClient client((*server)->port());
  EXPECT_THAT(Get(client, "/healthz"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Get(client, "/docs"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Get(client, "/readyz"), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(Get(client, "/openapi.json"), HasSubstr("/v1/conferences/{id}"));
  // Every service is linked, so every documented path is one.
  for (const char* path : {"/v1/conferences", "/v1/conferencecalls/x", "/v1/calls"}) {
    EXPECT_THAT(Get(client, path), HasSubstr("CONTROL_UNAVAILABLE")) << path;
  }
  EXPECT_TRUE((*server)->Drain(absl::InfiniteDuration()));
}

TEST(GatewayServer, RefusesABadConfigurationInOneSentence) {
  SystemClock clock;
  const std::pair<const char*, const char*> cases[] = {
      {"--gateway.http_listen=0.0.0.0:0", "insecure_listen"},
      {"--gateway.http_listen=here", "ADDRESS:PORT"},
      {"--gateway.connections_max=0", "connections_max"},
      {"--gateway.body_bytes_max=99999999", "body_bytes_max"},
      {"--gateway.request_timeout_seconds=0", "timeout"},
      {"--gateway.control_address=a:1,b:1", "gateway.control_address"},
  };
  for (const auto& [flag, what] : cases) {
    EXPECT_THAT(std::string(GatewayServer::Start(MakeConfig({flag}), clock).status().message()), HasSubstr(what));
  }
}

// Answers every Get with its name, or as one that dies.
class Replica final : public control::v1::ConferenceService::CallbackService {
 public:
  explicit Replica(std::shared_ptr<const Tls> tls = nullptr) {
    auto server = StartRpcServer({.listen = "127.0.0.1:0", .services = {this}, .metrics = nullptr, .tls = tls});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  ~Replica() override { Die(); }

  void Die() {
    if (server_.server == nullptr) return;
    server_.server->Shutdown(std::chrono::system_clock::now());
    server_.server->Wait();
    server_.server.reset();
  }

  std::string address() const { return absl::StrCat("127.0.0.1:", server_.port); }
  int asked() const { return asked_; }
  void DieUnderItsCalls() { dying_ = true; }

 private:
  grpc::ServerUnaryReactor* GetConference(grpc::CallbackServerContext* context,
                                          const control::v1::GetConferenceRequest*, control::v1::Conference*) override {
    return Answer(context);
  }
  grpc::ServerUnaryReactor* DeleteConference(grpc::CallbackServerContext* context,
                                             const control::v1::DeleteConferenceRequest*,
                                             control::v1::Conference*) override {
    return Answer(context);
  }
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context) {
    ++asked_;
    auto* reactor = context->DefaultReactor();
    reactor->Finish(dying_ ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone") : grpc::Status::OK);
    return reactor;
  }

  std::atomic<int> asked_ = 0;
  std::atomic<bool> dying_ = false;
  RpcServer server_;
};

constexpr char kConference[] = "/v1/conferences/0198f2d0-0000-7000-8000-000000000001";

TEST(GatewayServer, AReplicaOfControlMayDie) {
  SystemClock clock;
  Replica a;
  Replica b;
  const auto server = GatewayServer::Start(
      MakeConfig({absl::StrCat("--gateway.control_address=", a.address(), ",", b.address())}), clock);
  ASSERT_TRUE(server.ok()) << server.status();
  RawClient client((*server)->port());
  // Until it knows both.
  for (int i = 0; i < 1000 && (a.asked() == 0 || b.asked() == 0); ++i) {
    EXPECT_THAT(Get(client, kConference), StartsWith("HTTP/1.1 200"));
  }
  ASSERT_TRUE(a.asked() > 0 && b.asked() > 0);
  // Under the calls that it has; then for all to see.
  a.DieUnderItsCalls();
  for (int i = 0; i < 20; ++i) EXPECT_THAT(Get(client, kConference), StartsWith("HTTP/1.1 200"));
  a.Die();
  for (int i = 0; i < 100; ++i) EXPECT_THAT(Get(client, kConference), StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE((*server)->Drain(absl::InfiniteDuration()));
}

TEST(GatewayServer, WhatChangesSomethingIsNotMadeAgain) {
  SystemClock clock;
  Replica a;
  Replica b;
  a.DieUnderItsCalls();
  b.DieUnderItsCalls();
  const auto server = GatewayServer::Start(
      MakeConfig({absl::StrCat("--gateway.control_address=", a.address(), ",", b.address())}), clock);
  ASSERT_TRUE(server.ok()) << server.status();
  RawClient client((*server)->port());
  const std::string request = absl::StrCat("DELETE ", kConference, " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (int i = 1; i <= 10; ++i) {
    EXPECT_THAT(client.Ask(request), StartsWith("HTTP/1.1 503"));
    EXPECT_EQ(a.asked() + b.asked(), i);
  }
}

class GatewayTlsTest : public ::testing::Test {
 protected:
  // A configuration of TLS, by files.
  std::vector<std::string> Flags(const Tls& tls) {
    const auto write = [](const std::string& name, const std::string& text) {
      const std::string path = absl::StrCat(::testing::TempDir(), "/", name);
      std::ofstream(path, std::ios::binary) << text;
      return path;
    };
    return {absl::StrCat("--tls.certificate=", write("certificate.pem", tls.certificate)),
            absl::StrCat("--tls.key=", write("key.pem", tls.key)), absl::StrCat("--tls.ca=", write("ca.pem", tls.ca))};
  }

  TestAuthority authority_;
  SystemClock clock_;
};

TEST_F(GatewayTlsTest, PlainTextIsRefusedOnEveryPort) {
  const auto server = GatewayServer::Start(MakeConfig(Flags(*authority_.Issue("IP:127.0.0.1"))), clock_);
  ASSERT_TRUE(server.ok()) << server.status();
  RawClient client((*server)->port());
  client.Send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.ReadToEnd().find("HTTP/1.1"), std::string::npos);
}

TEST_F(GatewayTlsTest, ABrokenCertificateIsOneSentence) {
  auto flags = Flags(*authority_.Issue("IP:127.0.0.1"));
  flags[1] = "--tls.key=/no/such/file";
  EXPECT_EQ(GatewayServer::Start(MakeConfig(flags), clock_).status().message(),
            "tls.key: /no/such/file can't be read or is empty");
}

}  // namespace
}  // namespace tutti::gateway
