#include "gateway/http/access.h"

#include "common/status/status.h"
#include "gtest/gtest.h"

namespace tutti::gateway {
namespace {

std::string HostReason(const AccessPolicy& policy, std::string_view host) {
  return GetErrorDetail(CheckHost(policy, host)).reason;
}

std::string OriginReason(const AccessPolicy& policy, std::string_view origin, std::string_view host) {
  return GetErrorDetail(CheckOrigin(policy, origin, host)).reason;
}

TEST(Access, LoopbackIsAlwaysOurName) {
  for (const char* host : {"localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8080"}) {
    EXPECT_EQ(HostReason({}, host), "") << host;
  }
}

TEST(Access, OtherNamesHaveToBeListed) {
  EXPECT_EQ(HostReason({}, "evil.example"), "HOST_NOT_ALLOWED");
  EXPECT_EQ(HostReason({}, "localhost.evil.example:8080"), "HOST_NOT_ALLOWED");
  const AccessPolicy policy{.hosts = {"api.example.com"}, .origins = {}};
  EXPECT_EQ(HostReason(policy, "API.example.com:443"), "");
  EXPECT_EQ(HostReason(policy, "example.com"), "HOST_NOT_ALLOWED");
  EXPECT_EQ(HostReason({.hosts = {"*"}, .origins = {}}, "any.example"), "");
}

TEST(Access, AHostOfOtherCharactersIsInvalid) {
  for (const char* host : {"", "a b", "a/b", "user@localhost", "localhost,evil"}) {
    EXPECT_EQ(HostReason({.hosts = {"*"}, .origins = {}}, host), "HOST_INVALID") << host;
  }
}

TEST(Access, OnlyOurOwnAndListedOriginsMayCall) {
  EXPECT_EQ(OriginReason({}, "", "localhost:8080"), "");
  EXPECT_EQ(OriginReason({}, "http://localhost:8080", "localhost:8080"), "");
  EXPECT_EQ(OriginReason({}, "http://localhost:3000", "localhost:8080"), "ORIGIN_NOT_ALLOWED");
  EXPECT_EQ(OriginReason({}, "null", "localhost:8080"), "ORIGIN_NOT_ALLOWED");
  EXPECT_EQ(OriginReason({.hosts = {}, .origins = {"https://console.example"}}, "https://console.example", "localhost"),
            "");
}

TEST(Access, ATargetIsAPathOrAnAbsoluteUrl) {
  std::string host = "localhost";
  EXPECT_EQ(NormalizeTarget("/v1/calls?x=1", host).value(), "/v1/calls?x=1");
  EXPECT_EQ(host, "localhost");
  EXPECT_EQ(NormalizeTarget("http://evil.example:80/v1", host).value(), "/v1");
  EXPECT_EQ(host, "evil.example:80");
  EXPECT_EQ(NormalizeTarget("http://a?b=c", host).value(), "/?b=c");
  EXPECT_EQ(NormalizeTarget("HTTP://a", host).value(), "/");
  for (const char* bad : {"", "*", "v1", "ftp://a/"}) EXPECT_FALSE(NormalizeTarget(bad, host).ok()) << bad;
}

TEST(Access, RequestIdsAreShortAndPlain) {
  EXPECT_TRUE(IsRequestId("a.B-9_"));
  EXPECT_TRUE(IsRequestId(std::string(64, 'a')));
  for (const std::string& bad :
       {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a\nb"), std::string("\"a\"")}) {
    EXPECT_FALSE(IsRequestId(bad)) << bad;
  }
}

}  // namespace
}  // namespace tutti::gateway
