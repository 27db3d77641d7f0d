#include "common/s3/signature.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tutti::s3 {
namespace {

using ::testing::HasSubstr;

constexpr char kEmptyHash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const SigningKey& ExampleKey() {
  static const auto* key =
      new SigningKey{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1"};
  return *key;
}

SignedParts Example(const std::string& method, const std::string& path) {
  return {.method = method,
          .path = path,
          .query = {},
          .headers = {{"host", "examplebucket.s3.amazonaws.com"},
                      {"x-amz-content-sha256", kEmptyHash},
                      {"x-amz-date", "20130524T000000Z"}}};
}

// The examples of the Amazon S3 API reference, "Signature Calculations for the
// Authorization Header".
TEST(Signature, OfAGetWithARange) {
  SignedParts request = Example("GET", "/test.txt");
  request.headers["range"] = "bytes=0-9";
  EXPECT_EQ(Authorization(request, ExampleKey()),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(Signature, OfAPutWithABody) {
  SignedParts request = Example("PUT", absl::StrCat("/", UriEncode("test$file.text", true)));
  request.headers["date"] = "Fri, 24 May 2013 00:00:00 GMT";
  request.headers["x-amz-storage-class"] = "REDUCED_REDUNDANCY";
  request.headers["x-amz-content-sha256"] = Sha256Hex("Welcome to Amazon S3.");
  EXPECT_EQ(request.headers["x-amz-content-sha256"],
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
  EXPECT_THAT(Authorization(request, ExampleKey()),
              HasSubstr("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST(Signature, OfAQueryWithoutAValue) {
  SignedParts request = Example("GET", "/");
  request.query = {{"lifecycle", ""}};
  EXPECT_THAT(Authorization(request, ExampleKey()),
              HasSubstr("Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST(Signature, OfAQueryWithValues) {
  SignedParts request = Example("GET", "/");
  request.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_THAT(Authorization(request, ExampleKey()),
              HasSubstr("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(Signature, EncodesWhatUrlsCantHold) {
  EXPECT_EQ(UriEncode("a b/c+d~e\xc3\xa9.wav", true), "a%20b/c%2Bd~e%C3%A9.wav");
  EXPECT_EQ(UriEncode("a/b", false), "a%2Fb");
  EXPECT_EQ(CanonicalQuery({{"uploads", ""}, {"a=b", "c&d"}}), "a%3Db=c%26d&uploads=");
  EXPECT_EQ(AmzDate(absl::FromUnixSeconds(1369353600)), "20130524T000000Z");
}

}  // namespace
}  // namespace tutti::s3
