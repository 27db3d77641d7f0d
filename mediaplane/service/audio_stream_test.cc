// StreamAudio by a connection, on a node whose engine is a fake.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/clock/fake_clock.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "mediaplane/node/fake_media_engine.h"
#include "mediaplane/service/media_plane_service.h"

namespace tutti::mediaplane {
namespace {

using media::v1::MediaPlane;
using media::v1::StreamAudioRequest;
using media::v1::StreamAudioResponse;

constexpr size_t kFrame = 320;

std::string Id(int n) { return absl::StrFormat("01890000-0000-7000-8000-%012d", n); }
std::string Token(int n) { return std::string(40, 't') + std::to_string(n); }

// One client's call.
struct Client {
  explicit Client(MediaPlane::Stub& stub) : stream(stub.StreamAudio(&context)) {}

  bool SendToken(int token) {
    StreamAudioRequest request;
    request.set_token(Token(token));
    return stream->Write(request);
  }
  bool Say(const std::string& samples) {
    StreamAudioRequest request;
    request.set_samples(samples);
    return stream->Write(request);
  }
  std::vector<int16_t> Hear() {
    StreamAudioResponse response;
    if (!stream->Read(&response)) return {};
    std::vector<int16_t> samples(response.samples().size() / 2);
    std::memcpy(samples.data(), response.samples().data(), response.samples().size());
    return samples;
  }
  // Reads on to the end.
  std::string Reason() {
    while (!Hear().empty()) {
    }
    const absl::Status status = FromGrpcStatus(stream->Finish());
    return status.ok() ? "OK" : GetErrorDetail(status).reason;
  }

  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<StreamAudioRequest, StreamAudioResponse>> stream;
};

class AudioStreamTest : public ::testing::Test {
 protected:
  AudioStreamTest() {
    auto server = StartRpcServer({.listen = "127.0.0.1:0", .services = {&service_}});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = MediaPlane::NewStub(MakeRpcChannel(absl::StrFormat("127.0.0.1:%d", server_.port)));
    thread_.Run([this] {
      media::v1::PutLegRequest request;
      request.set_leg_id(Id(1));
      request.set_revision(1);
      request.mutable_stream()->set_token(Token(1));
      request.mutable_stream()->set_sample_rate_hz(16'000);
      EXPECT_TRUE(node_.PutLeg(request).ok());
      line_ = engine_.legs.at(0).line;
      media::v1::PutBridgeRequest bridge;
      bridge.set_bridge_id(Id(101));
      bridge.set_revision(1);
      EXPECT_TRUE(node_.PutBridge(bridge).ok());
      media::v1::OpenAudioStreamRequest open;
      open.set_bridge_id(Id(101));
      open.set_token(Token(2));
      open.set_sample_rate_hz(16'000);
      EXPECT_TRUE(node_.OpenAudioStream(open).ok());
    });
  }

  ~AudioStreamTest() override {
    server_.server->Shutdown(std::chrono::system_clock::now());
    server_.server.reset();
    thread_.Run([] {});
    EXPECT_EQ(service_.audio_streams(), 0);
  }

  // Polls until it holds; the test's own timeout is the limit.
  void Await(const std::function<bool()>& condition) {
    for (bool holds = false; !holds;) {
      thread_.Run([&] { holds = condition(); });
      absl::SleepFor(absl::Milliseconds(1));
    }
  }
  int64_t events() { return node_.log().latest(); }

  FakeClock clock_;
  FakeMediaEngine engine_;
  AudioPump pump_;
  Node node_{NodeOptions(), engine_, clock_};
  ControlThread thread_{[] { return absl::InfiniteDuration(); }};
  MediaPlaneService service_{node_, thread_, pump_};
  RpcServer server_;
  std::unique_ptr<MediaPlane::Stub> stub_;
  std::shared_ptr<AudioLine> line_;
};

TEST_F(AudioStreamTest, SamplesGoBothWays) {
  Client client(*stub_);
  ASSERT_TRUE(client.SendToken(1));
  // The headers say that the token was taken.
  client.stream->WaitForInitialMetadata();
  for (int16_t i = 1; i <= 3; ++i) line_->Deliver(std::vector<int16_t>(kFrame, i));
  for (int16_t i = 1; i <= 3; ++i) EXPECT_EQ(client.Hear(), std::vector<int16_t>(kFrame, i));
  // Little endian, in pieces.
  std::string said;
  for (size_t i = 0; i < 3 * kFrame; ++i) said += std::string("\x34\x12");
  ASSERT_TRUE(client.Say(said.substr(0, 2)));
  ASSERT_TRUE(client.Say(""));
  ASSERT_TRUE(client.Say(said.substr(2)));
  // However much of it is there at a time: what is filled up is zero.
  std::vector<int16_t> frame(kFrame), taken;
  Await([&] {
    if (line_->TakeSaid(frame))
      std::copy_if(frame.begin(), frame.end(), std::back_inserter(taken), [](int16_t s) { return s != 0; });
    return taken.size() >= 3 * kFrame;
  });
  EXPECT_EQ(taken, std::vector<int16_t>(3 * kFrame, 0x1234));
  // It says no more: it is gone, and its leg tells so.
  client.stream->WritesDone();
  EXPECT_EQ(client.Reason(), "OK");
  Await([this] { return events() == 1; });
}

TEST_F(AudioStreamTest, AClientThatBreaksOffIsTold) {
  auto client = std::make_unique<Client>(*stub_);
  ASSERT_TRUE(client->SendToken(1));
  client->stream->WaitForInitialMetadata();
  client->context.TryCancel();
  Await([this] { return events() == 1; });
}

TEST_F(AudioStreamTest, ATokenHoldsOnceAndOnlyIfItIsKnown) {
  Client first(*stub_);
  ASSERT_TRUE(first.SendToken(1));
  first.stream->WaitForInitialMetadata();
  for (const int token : {1, 3}) {
    Client other(*stub_);
    ASSERT_TRUE(other.SendToken(token));
    EXPECT_EQ(other.Reason(), "STREAM_TOKEN_INVALID");
  }
  EXPECT_EQ(events(), 0);
}

TEST_F(AudioStreamTest, BadMessagesEndIt) {
  Client no_token(*stub_);
  ASSERT_TRUE(no_token.Say("ab"));
  EXPECT_EQ(no_token.Reason(), "INVALID_REQUEST_PARAMETER");
  Client listener(*stub_);
  ASSERT_TRUE(listener.SendToken(2));
  ASSERT_TRUE(listener.Say("ab"));
  EXPECT_EQ(listener.Reason(), "INVALID_REQUEST_PARAMETER");
  Client odd(*stub_);
  ASSERT_TRUE(odd.SendToken(1));
  ASSERT_TRUE(odd.Say("abc"));
  EXPECT_EQ(odd.Reason(), "INVALID_REQUEST_PARAMETER");
}

TEST_F(AudioStreamTest, ItEndsWithItsLegOrBridge) {
  Client bot(*stub_), listener(*stub_);
  ASSERT_TRUE(bot.SendToken(1));
  ASSERT_TRUE(listener.SendToken(2));
  bot.stream->WaitForInitialMetadata();
  listener.stream->WaitForInitialMetadata();
  thread_.Run([this] {
    media::v1::RemoveLegRequest leg;
    leg.set_leg_id(Id(1));
    leg.set_revision(2);
    EXPECT_TRUE(node_.RemoveLeg(leg).ok());
  });
  EXPECT_EQ(bot.Reason(), "OK");
  thread_.Run([this] {
    media::v1::RemoveBridgeRequest bridge;
    bridge.set_bridge_id(Id(101));
    bridge.set_revision(2);
    EXPECT_TRUE(node_.RemoveBridge(bridge).ok());
  });
  EXPECT_EQ(listener.Reason(), "OK");
  EXPECT_EQ(events(), 0);
}

TEST_F(AudioStreamTest, OneThatReadsTooSlowlyIsToldSo) {
  Client client(*stub_);
  ASSERT_TRUE(client.SendToken(1));
  client.stream->WaitForInitialMetadata();
  // Until gRPC takes no more, and then 2 s.
  while (!line_->too_slow()) line_->Deliver(std::vector<int16_t>(kFrame, 1));
  EXPECT_EQ(client.Reason(), "STREAM_TOO_SLOW");
  EXPECT_EQ(line_->counters().too_slow, 1u);
  Await([this] { return events() == 1; });
}

TEST_F(AudioStreamTest, AServerThatEndsEndsThem) {
  Client client(*stub_), silent(*stub_);
  ASSERT_TRUE(client.SendToken(1));
  client.stream->WaitForInitialMetadata();
  server_.server->Shutdown(std::chrono::system_clock::now());
  EXPECT_NE(client.Reason(), "OK");
}

}  // namespace
}  // namespace tutti::mediaplane
