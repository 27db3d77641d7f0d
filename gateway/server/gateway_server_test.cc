#include "gateway/server/gateway_server.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/config/config.h"
#include "gateway/http/raw_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

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
      {"--gateway.http_listen=0.0.0.0:0", "insecure_listen"}, {"--gateway.http_listen=here", "ADDRESS:PORT"},
      {"--gateway.connections_max=0", "connections_max"},     {"--gateway.body_bytes_max=99999999", "body_bytes_max"},
      {"--gateway.request_timeout_seconds=0", "timeout"},
  };
  for (const auto& [flag, what] : cases) {
    EXPECT_THAT(std::string(GatewayServer::Start(MakeConfig({flag}), clock).status().message()), HasSubstr(what));
  }
}

}  // namespace
}  // namespace tutti::gateway
