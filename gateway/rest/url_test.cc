#include "gateway/rest/url.h"

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tutti::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(Url, PathsAreSplitAndDecoded) {
  const UrlPath path = ParsePath("/v1/a%2fb/%C3%BC/x:verb").value();
  EXPECT_THAT(path.segments, ElementsAre("v1", "a/b", "ü", "x"));
  EXPECT_EQ(path.verb, "verb");
  EXPECT_THAT(ParsePath("/").value().segments, ElementsAre(""));
  EXPECT_THAT(ParsePath("/a:b/c/").value().segments, ElementsAre("a:b", "c", ""));
  EXPECT_EQ(ParsePath("/a%3Ab").value().verb, "");
}

TEST(Url, BrokenPathsAreRefused) {
  for (const char* bad : {"", "v1", "/%", "/%4", "/%zz", "/%00", "/%0a", "/\x7f", "/%ff", "/%c3", "/%c0%80",
                          "/%ed%a0%80", "/%f5%80%80%80", "/%f0%80%80%80"}) {
    EXPECT_EQ(GetErrorDetail(ParsePath(bad).status()).reason, "INVALID_REQUEST_PARAMETER") << bad;
  }
  std::string deep;
  for (int i = 0; i < 33; ++i) deep += "/a";
  EXPECT_FALSE(ParsePath(deep).ok());
  EXPECT_TRUE(ParsePath(deep.substr(2)).ok());
}

TEST(Url, QueriesAreDecoded) {
  EXPECT_THAT(ParseQuery("a=1&b=x+y%2B&&c&d=e=f&%61=2").value(),
              ElementsAre(Pair("a", "1"), Pair("b", "x y+"), Pair("c", ""), Pair("d", "e=f"), Pair("a", "2")));
  EXPECT_TRUE(ParseQuery("").value().empty());
}

TEST(Url, BrokenQueriesAreRefused) {
  for (const char* bad : {"a=%", "%zz=1", "a=%ff"}) EXPECT_FALSE(ParseQuery(bad).ok()) << bad;
  std::string many;
  for (int i = 0; i < 65; ++i) absl::StrAppend(&many, "a=", i, "&");
  EXPECT_FALSE(ParseQuery(many).ok());
}

}  // namespace
}  // namespace tutti::gateway
