#include "control/http_client/url.h"

#include "common/status/status.h"
#include "gtest/gtest.h"

namespace tutti::control {
namespace {

TEST(UrlTest, TakesWhatMayBeCalled) {
  const AddressGuard guard;
  for (const auto& [url, origin] :
       {std::pair("http://example.com", "http://example.com:80"),
        std::pair("HTTPS://Example.COM/a?b=c", "https://example.com:443"),
        std::pair("https://example.com:8443/", "https://example.com:8443"),
        std::pair("http://[2a00::1]:81/x", "http://[2a00::1]:81"), std::pair("http://8.8.8.8/", "http://8.8.8.8:80")}) {
    const auto parsed = ParseUrl(url, guard);
    ASSERT_TRUE(parsed.ok()) << url << " " << parsed.status();
    EXPECT_EQ(parsed->origin, origin);
  }
}

TEST(UrlTest, RefusesTheRest) {
  const AddressGuard guard;
  for (const std::string& url : {std::string(),
                                 std::string("example.com"),
                                 std::string("/etc/passwd"),
                                 std::string("file:///etc/passwd"),
                                 std::string("ftp://example.com/"),
                                 std::string("gopher://example.com/"),
                                 std::string("unix:///run/x"),
                                 std::string("http://"),
                                 std::string("http://user@example.com/"),
                                 std::string("http://user:pw@example.com/"),
                                 std::string("http://:pw@example.com/"),
                                 std::string("http://@example.com/"),
                                 std::string("http://example.com/#part"),
                                 std::string("http://example.com:0/"),
                                 std::string("http://example.com:99999/"),
                                 std::string("http://exa mple.com/"),
                                 std::string("http://example.com/\r\nX: y"),
                                 std::string("http://example.com/\0x", 21),
                                 std::string("http://ex\xc3\xa4mple.com/"),
                                 std::string("http://127.0.0.1/"),
                                 std::string("http://127.1/"),
                                 std::string("http://2130706433/"),
                                 std::string("http://0x7f.0.0.1/"),
                                 std::string("http://0177.0.0.1/"),
                                 std::string("http://127./"),
                                 std::string("http://127.../"),
                                 std::string("http://a..b/"),
                                 std::string("http://.example.com/"),
                                 std::string("http://127.0.0.1./"),
                                 std::string("http://1.2.3.4.5/"),
                                 std::string("http://example.0x7f/"),
                                 std::string("http:/127.0.0.1"),
                                 std::string("http:/example.com/"),
                                 std::string("http:///example.com/"),
                                 std::string("http://[::1]/"),
                                 std::string("http://[::ffff:7f00:1]/"),
                                 std::string("http://169.254.169.254/latest"),
                                 "http://example.com/" + std::string(2'048, 'a')}) {
    const auto parsed = ParseUrl(url, guard);
    EXPECT_EQ(GetErrorDetail(parsed.status()).reason, "URL_NOT_ALLOWED") << url;
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << url;
  }
  EXPECT_TRUE(ParseUrl("http://127.0.0.1/", *AddressGuard::Make({"127.0.0.0/8"})).ok());
}

}  // namespace
}  // namespace tutti::control
