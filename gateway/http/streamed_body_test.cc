#include <atomic>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "gateway/http/raw_client.h"
#include "gateway/http/server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "prometheus/text_serializer.h"

namespace tutti::gateway {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// What a source has done, beyond its life.
struct Seen {
  std::atomic<int> asked = 0;
  std::atomic<bool> ended = false;
};

// Gives so many pieces, each from another thread, and then `last`.
class PieceSource final : public BodySource {
 public:
  PieceSource(std::string piece, int pieces, absl::StatusOr<std::string> last, Seen& seen)
      : piece_(std::move(piece)), left_(pieces), last_(std::move(last)), seen_(seen) {}
  ~PieceSource() override {
    // The last who knows of it may be its own thread.
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();
    } else if (thread_.joinable()) {
      thread_.join();
    }
    seen_.ended = true;
  }

  void Next(Take take) override {
    ++seen_.asked;
    if (thread_.joinable()) thread_.join();
    thread_ = std::thread([give = left_ > 0 ? piece_ : last_, take = std::move(take)]() mutable {
      std::exchange(take, nullptr)(std::move(give));
    });
    --left_;
  }

 private:
  const std::string piece_;
  int left_;
  const absl::StatusOr<std::string> last_;
  Seen& seen_;
  std::thread thread_;
};

class StreamedBodyTest : public ::testing::Test, public Handler {
 protected:
  StreamedBodyTest() { StartServer({}); }
  void StartServer(ServerOptions options) {
    server_.reset();
    options.listen = "127.0.0.1:0";
    auto server = Server::Start(options, *this, clock_, ids_, http_metrics_);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  void Handle(Request, Reply reply) override {
    Response response;
    response.status = status_;
    response.content_type = "audio/wav";
    response.headers.push_back({"Cache-Control", "private"});
    response.streamed = {std::make_shared<PieceSource>(piece_, pieces_, last_, seen_), bytes_};
    reply(std::move(response));
  }

  std::string Get(const std::string& version = "1.1") {
    RawClient client(server_->port());
    client.Send(absl::StrCat("GET / HTTP/", version, "\r\nHost: localhost\r\n\r\n"));
    client.EndSending();
    return client.ReadToEnd();
  }

  std::string Scrape() { return prometheus::TextSerializer().Serialize(metrics_.registry().Collect()); }

  void AwaitEnd() {
    while (!seen_.ended) std::this_thread::yield();
  }

  int status_ = 200;
  std::string piece_ = "abcde";
  int pieces_ = 3;
  absl::StatusOr<std::string> last_ = "";
  std::optional<uint64_t> bytes_;
  Seen seen_;

  SystemClock clock_;
  IdGenerator ids_{clock_};
  Metrics metrics_;
  HttpMetrics http_metrics_{metrics_};
  std::unique_ptr<Server> server_;
};

TEST_F(StreamedBodyTest, ABodyOfKnownLengthComesWhole) {
  bytes_ = 15;
  const std::string ask = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::optional<RawClient> client(server_->port());
  const std::string first = client->Ask(ask);
  EXPECT_THAT(first, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(first, HasSubstr("Content-Type: audio/wav\r\n"));
  EXPECT_THAT(first, HasSubstr("Content-Length: 15\r\n"));
  EXPECT_THAT(first, HasSubstr("Cache-Control: private\r\n"));
  EXPECT_THAT(first, EndsWith("\r\n\r\nabcdeabcdeabcde"));
  // The connection goes on.
  EXPECT_THAT(client->Ask(ask), EndsWith("\r\n\r\nabcdeabcdeabcde"));
  client.reset();
  EXPECT_TRUE(server_->Stop(absl::InfiniteDuration()));
  EXPECT_THAT(Scrape(), HasSubstr("tutti_gateway_streamed_bytes_total 30\n"));
}

TEST_F(StreamedBodyTest, ABodyOfUnknownLengthComesInChunks) {
  const std::string response = Get();
  EXPECT_THAT(response, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(response, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(response, EndsWith("\r\n\r\n5\r\nabcde\r\n5\r\nabcde\r\n5\r\nabcde\r\n0\r\n\r\n"));
}

TEST_F(StreamedBodyTest, AnOldClientReadsToTheEnd) {
  const std::string response = Get("1.0");
  EXPECT_THAT(response, Not(HasSubstr("chunked")));
  EXPECT_THAT(response, EndsWith("\r\n\r\nabcdeabcdeabcde"));
}

TEST_F(StreamedBodyTest, WhatBreaksOffIsSeen) {
  last_ = absl::UnavailableError("gone");
  // No last chunk.
  EXPECT_THAT(Get(), EndsWith("5\r\nabcde\r\n"));
  bytes_ = 20;
  EXPECT_THAT(Get(), EndsWith("\r\n\r\nabcdeabcdeabcde"));
  AwaitEnd();
  EXPECT_TRUE(server_->Stop(absl::InfiniteDuration()));
  EXPECT_THAT(Scrape(), HasSubstr(R"(tutti_gateway_requests_total{method="GET",route="none",status="5xx"} 2)"));
}

TEST_F(StreamedBodyTest, ASourceOfAnotherLengthIsCutOff) {
  bytes_ = 20;
  EXPECT_THAT(Get(), EndsWith("\r\n\r\nabcdeabcdeabcde"));
  bytes_ = 12;
  EXPECT_THAT(Get(), EndsWith("\r\n\r\nabcdeabcde"));
}

TEST_F(StreamedBodyTest, HeadAndNotModifiedDontAskForBytes) {
  bytes_ = 15;
  {
    RawClient client(server_->port());
    client.Send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(client.ReadResponse(/*head=*/true), HasSubstr("Content-Length: 15\r\n"));
    status_ = 304;
    const std::string response = client.Ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(response, StartsWith("HTTP/1.1 304"));
    EXPECT_THAT(response, Not(HasSubstr("Content-Length")));
  }
  AwaitEnd();
  EXPECT_EQ(seen_.asked, 0);
}

TEST_F(StreamedBodyTest, ASlowClientHoldsTheSourceBack) {
  piece_ = std::string(256 * 1024, 'x');
  pieces_ = 1000;
  bytes_ = uint64_t{256} * 1024 * 1000;
  {
    RawClient client(server_->port(), /*receive_bytes=*/4096);
    client.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.ReadBytes(1024 * 1024);
    // What the client has, what the kernel keeps for it, and the piece on its way.
    EXPECT_LE(seen_.asked, 64);
  }
  // The client went: so does the source.
  AwaitEnd();
  EXPECT_LE(seen_.asked, 64);
}

TEST_F(StreamedBodyTest, ASlowClientIsWaitedForAsLongAsItTakesSomething) {
  constexpr int kTimesItTook = 5;
  std::atomic<int> looked = 0;
  ServerOptions options;
  options.write_timeout = absl::Milliseconds(10);
  options.bytes_taken = [&](int) {
    const auto times = static_cast<uint64_t>(std::min(++looked, 2 * kTimesItTook));
    return times * kTakenBytesMin;
  };
  StartServer(options);
  piece_ = std::string(64 * 1024 * 1024, 'x');
  RawClient client(server_->port(), /*receive_bytes=*/4096);
  client.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  AwaitEnd();
  // Twice each time: what it had, and what it has.
  EXPECT_EQ(looked, 2 * kTimesItTook + 2);
  EXPECT_EQ(seen_.asked, 1);
}

TEST_F(StreamedBodyTest, ADrainLetsItEndAndThenCutsItOff) {
  piece_ = std::string(256 * 1024, 'x');
  pieces_ = 1000;
  RawClient client(server_->port(), /*receive_bytes=*/4096);
  client.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.ReadBytes(1024);
  EXPECT_FALSE(server_->Stop(absl::ZeroDuration()));
  server_.reset();
  AwaitEnd();
}

}  // namespace
}  // namespace tutti::gateway
