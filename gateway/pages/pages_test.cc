#include "gateway/pages/pages.h"

#include <utility>

#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tutti::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class NextHandler final : public Handler {
 public:
  void Handle(Request request, Reply reply) override {
    Response response;
    response.body = "next " + request.target;
    reply(std::move(response));
  }
};

class PagesTest : public ::testing::Test {
 protected:
  Response Ask(const std::string& method, const std::string& target) {
    Response answer;
    pages_.Handle({method, target, {}, "", "r"}, [&](Response response) { answer = std::move(response); });
    return answer;
  }

  absl::Status ready_;
  NextHandler next_;
  Pages pages_{"{}", [this](const auto& done) { done(ready_); }, next_};
};

TEST_F(PagesTest, ServesItsPagesAndPassesOnTheRest) {
  EXPECT_THAT(Ask("GET", "/").body, StartsWith("<!doctype html>"));
  EXPECT_THAT(Ask("GET", "/?x=1").body, HasSubstr("/docs"));
  EXPECT_THAT(Ask("GET", "/docs").content_type, StartsWith("text/html"));
  EXPECT_EQ(Ask("GET", "/openapi.json").body, "{}");
  EXPECT_EQ(Ask("HEAD", "/healthz").status, 200);
  EXPECT_EQ(Ask("GET", "/v1/calls?a=b").body, "next /v1/calls?a=b");
  EXPECT_EQ(Ask("GET", "/docs/").body, "next /docs/");
}

TEST_F(PagesTest, NothingComesFromElsewhere) {
  for (const char* path : {"/", "/docs"}) {
    const Response page = Ask("GET", path);
    EXPECT_THAT(page.body, Not(HasSubstr("src=")));
    EXPECT_THAT(page.body, Not(HasSubstr("https://")));
    ASSERT_EQ(page.headers.size(), 1u);
    EXPECT_THAT(page.headers[0].value, StartsWith("default-src 'none'"));
  }
}

TEST_F(PagesTest, ReadyIsWhatTheCheckSays) {
  EXPECT_EQ(Ask("GET", "/readyz").status, 200);
  ready_ = Error(absl::StatusCode::kUnavailable, "CONTROL_UNAVAILABLE", "Not there.");
  const Response response = Ask("GET", "/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.route, "/readyz");
  EXPECT_THAT(response.body, HasSubstr("CONTROL_UNAVAILABLE"));
  EXPECT_EQ(Ask("GET", "/healthz").status, 200);
}

TEST_F(PagesTest, OtherMethodsAreRefused) {
  const Response response = Ask("POST", "/docs");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers[0].value, "GET, HEAD");
}

}  // namespace
}  // namespace tutti::gateway
