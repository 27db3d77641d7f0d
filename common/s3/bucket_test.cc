#include "common/s3/bucket.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/s3/test_server.h"
#include "common/status/status.h"
#include "common/testing/http_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tutti::s3 {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::unique_ptr<Bucket> Open(BucketOptions options) {
  static auto* clock = new SystemClock;
  auto bucket = Bucket::Make(std::move(options), *clock);
  EXPECT_TRUE(bucket.ok()) << bucket.status();
  return *std::move(bucket);
}

std::string ReasonOf(const absl::Status& status) { return GetErrorDetail(status).reason; }

// Against a server that is not ours.
class BucketTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::string> Get(const std::string& key, int64_t offset, int64_t length) {
    std::string all;
    TUTTI_RETURN_IF_ERROR(bucket_->Get(key, offset, length, [&](std::string_view bytes) {
      all.append(bytes);
      return true;
    }));
    return all;
  }

  static TestServer& Server() {
    static auto* server = new TestServer;
    return *server;
  }
  static void TearDownTestSuite() { Server().Kill(); }

  std::unique_ptr<Bucket> bucket_ = Open(Server().Options());
};

TEST_F(BucketTest, WhatIsPutCanBeReadAndDeleted) {
  // All that an object's name may have.
  const std::string key = "a b+c%/d\xc3\xa9~(1)=&?.wav";
  ASSERT_EQ(bucket_->Put(key, "audio/wav", "0123456789"), absl::OkStatus());
  EXPECT_EQ(bucket_->Size(key).value(), 10);
  EXPECT_EQ(Get(key, 0, 10).value(), "0123456789");
  EXPECT_EQ(Get(key, 3, 4).value(), "3456");
  EXPECT_EQ(Get(key, 9, 1).value(), "9");
  EXPECT_EQ(Get(key, 0, 0).value(), "");
  EXPECT_EQ(bucket_->Delete(key), absl::OkStatus());
  EXPECT_EQ(bucket_->Delete(key), absl::OkStatus());
  EXPECT_EQ(ReasonOf(bucket_->Size(key).status()), "OBJECT_NOT_FOUND");
  EXPECT_EQ(Get(key, 0, 1).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(BucketTest, PartsBecomeOneObject) {
  const auto id = bucket_->BeginUpload("parts", "audio/flac");
  ASSERT_TRUE(id.ok()) << id.status();
  const std::string first(5 * 1024 * 1024, 'a');
  const auto one = bucket_->PutPart("parts", *id, 1, first);
  const auto two = bucket_->PutPart("parts", *id, 2, "the end");
  ASSERT_TRUE(one.ok() && two.ok()) << one.status() << two.status();
  ASSERT_EQ(bucket_->EndUpload("parts", *id, {*one, *two}), absl::OkStatus());
  EXPECT_EQ(bucket_->Size("parts").value(), static_cast<int64_t>(first.size()) + 7);
  EXPECT_EQ(Get("parts", static_cast<int64_t>(first.size()) - 1, 8).value(), "athe end");
}

TEST_F(BucketTest, ASinkMayHaveEnough) {
  ASSERT_TRUE(bucket_->Put("enough", "audio/wav", std::string(1024 * 1024, 'x')).ok());
  const absl::Status status = bucket_->Get("enough", 0, 1024 * 1024, [](std::string_view) { return false; });
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
}

TEST_F(BucketTest, AnUnknownKeyIsToldAndNotShown) {
  BucketOptions options = Server().Options();
  options.access_key_id = "unknown-id";
  options.secret_access_key = "quite-secret";
  const absl::Status status = Open(options)->Put("a", "audio/wav", "x");
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(status), "OBJECT_STORE_REFUSED");
  EXPECT_THAT(std::string(status.message()), HasSubstr("InvalidAccessKeyId"));
  EXPECT_THAT(status.ToString(), Not(HasSubstr("unknown-id")));
  EXPECT_THAT(status.ToString(), Not(HasSubstr("quite-secret")));
}

TEST_F(BucketTest, ABucketThatIsntThereIsTheOperatorsToMend) {
  BucketOptions options = Server().Options();
  options.bucket = "nothing";
  const absl::Status status = Open(options)->Put("a", "audio/wav", "x");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("NoSuchBucket"));
}

// Against a server that answers as a test says.
class BrokenServerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Bucket> Serve(const std::string& response) {
    return ServeBy([response](const std::string&) { return response; });
  }
  std::unique_ptr<Bucket> ServeBy(TestHttpServer::Handler handler) {
    server_ = std::make_unique<TestHttpServer>(std::move(handler));
    return Open({.endpoint = absl::StrCat("http://127.0.0.1:", server_->port()),
                 .bucket = "calls",
                 .access_key_id = "id",
                 .secret_access_key = "secret",
                 .idle_timeout = absl::Seconds(1)});
  }
  static std::string Response(int status, const std::string& body) { return TestHttpServer::Response(status, body); }

  std::unique_ptr<TestHttpServer> server_;
};

TEST_F(BrokenServerTest, WhatMayWorkLaterIsUnavailable) {
  for (const auto& response : {Response(500, ""), Response(503, "<Error><Code>SlowDown</Code></Error>"),
                               Response(429, ""), Response(400, "<Error><Code>RequestTimeout</Code></Error>"),
                               std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), std::string()}) {
    const absl::Status status = Serve(response)->Put("a", "audio/wav", "x");
    EXPECT_EQ(ReasonOf(status), "OBJECT_STORE_UNAVAILABLE") << response << status;
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  }
  const auto nobody =
      Open({.endpoint = "http://127.0.0.1:1", .bucket = "calls", .access_key_id = "id", .secret_access_key = "secret"});
  EXPECT_EQ(ReasonOf(nobody->Put("a", "audio/wav", "x")), "OBJECT_STORE_UNAVAILABLE");
}

// What a server that checks signatures does: the request is signed again, as it came
// over the wire.
TEST_F(BrokenServerTest, WhatIsSignedIsWhatIsSent) {
  std::vector<std::string> wrong;
  int checked = 0;
  const auto bucket = ServeBy([&](const std::string& text) {
    const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits("\r\n\r\n", 1));
    const std::vector<std::string> lines = absl::StrSplit(parts[0], "\r\n");
    const std::vector<std::string> words = absl::StrSplit(lines[0], ' ');
    const std::vector<std::string> target = absl::StrSplit(words[1], '?');
    std::map<std::string, std::string> headers;
    for (size_t i = 1; i < lines.size(); ++i) {
      const std::pair<std::string, std::string> header = absl::StrSplit(lines[i], absl::MaxSplits(": ", 1));
      headers[absl::AsciiStrToLower(header.first)] = header.second;
    }
    SignedParts signed_parts{.method = words[0], .path = target[0], .query = {}, .headers = {}};
    if (target.size() > 1) {
      for (const auto& parameter : absl::StrSplit(target[1], '&')) {
        const std::pair<std::string, std::string> one = absl::StrSplit(parameter, '=');
        signed_parts.query.insert(one);
      }
    }
    const std::string sent = headers["authorization"];
    const std::string names = sent.substr(sent.find("SignedHeaders=") + 14);
    for (const auto& name : absl::StrSplit(names.substr(0, names.find(',')), ';')) {
      signed_parts.headers[std::string(name)] = headers[std::string(name)];
    }
    ++checked;
    if (Authorization(signed_parts, {"id", "secret", "us-east-1"}) != sent ||
        headers["x-amz-content-sha256"] != Sha256Hex(parts[1]) || headers.count("expect") != 0) {
      wrong.push_back(text);
    }
    return Response(200, "<UploadId>id-1</UploadId>");
  });
  EXPECT_TRUE(bucket->Put("a b+c%/d\xc3\xa9~(1)=&?.wav", "audio/wav", "0123456789").ok());
  EXPECT_TRUE(bucket->Put("empty", "audio/wav", "").ok());
  EXPECT_TRUE(bucket->BeginUpload("x", "audio/wav").ok());
  EXPECT_TRUE(bucket->EndUpload("x", "id-1", {"\"e\""}).ok());
  EXPECT_TRUE(bucket->Delete("x").ok());
  EXPECT_TRUE(bucket->Get("x", 0, 25, [](std::string_view) { return true; }).ok());
  EXPECT_EQ(checked, 6);
  EXPECT_THAT(wrong, ::testing::IsEmpty());
}

TEST_F(BrokenServerTest, AnUploadThatCantBeGivenUpIsLeft) {
  for (const int status : {204, 404, 405}) {
    const absl::Status aborted = Serve(Response(status, ""))->AbortUpload("a", "id-1");
    EXPECT_TRUE(aborted.ok()) << status;
  }
  EXPECT_FALSE(Serve(Response(503, ""))->AbortUpload("a", "id-1").ok());
}

TEST_F(BrokenServerTest, AnErrorInsideOfASuccessIsOne) {
  const auto bucket = Serve(Response(200, "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>"));
  EXPECT_EQ(bucket->EndUpload("a", "id", {"\"e\""}).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(bucket->BeginUpload("a", "audio/wav").status()), "OBJECT_STORE_REFUSED");
}

TEST_F(BrokenServerTest, ARangeThatIsNotKeptIsAnError) {
  const auto bucket = Serve(Response(200, "0123456789"));
  std::string got;
  const auto sink = [&](std::string_view bytes) {
    got.append(bytes);
    return true;
  };
  EXPECT_EQ(ReasonOf(bucket->Get("a", 2, 3, sink)), "OBJECT_STORE_REFUSED");
  EXPECT_EQ(got, "");
  EXPECT_EQ(ReasonOf(bucket->Get("a", 2, 30, sink)), "OBJECT_STORE_REFUSED");
}

TEST(BucketOptions, WhatCantBeUsedIsSaid) {
  SystemClock clock;
  const BucketOptions good = {
      .endpoint = "https://s3.example.com:9000", .bucket = "b", .access_key_id = "i", .secret_access_key = "s"};
  EXPECT_TRUE(Bucket::Make(good, clock).ok());
  for (const char* endpoint : {"", "s3.example.com", "ftp://s3.example.com", "https://s3.example.com/path",
                               "https://user@s3.example.com", "https://s3.example.com?x", "https://"}) {
    BucketOptions bad = good;
    bad.endpoint = endpoint;
    EXPECT_THAT(std::string(Bucket::Make(bad, clock).status().message()), HasSubstr("endpoint")) << endpoint;
  }
  BucketOptions bad = good;
  bad.bucket = "a/b";
  EXPECT_THAT(std::string(Bucket::Make(bad, clock).status().message()), HasSubstr("bucket"));
  bad = good;
  bad.secret_access_key = "";
  EXPECT_THAT(std::string(Bucket::Make(bad, clock).status().message()), HasSubstr("secret_access_key"));
  bad = good;
  bad.region = "eu west";
  EXPECT_THAT(std::string(Bucket::Make(bad, clock).status().message()), HasSubstr("region"));
}

}  // namespace
}  // namespace tutti::s3
