#include "speech/recognizer/external_recognizer.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "speech/recognizer/recording_sink.h"

namespace tutti::speech {
namespace {

using ServerStream = grpc::ServerReaderWriter<v1::RecognizeResponse, v1::RecognizeRequest>;

// Another server, that does what a test says.
class OtherServer final : public v1::SpeechService::Service {
 public:
  OtherServer() {
    RpcServerOptions options;
    options.listen = "127.0.0.1:0";
    options.services = {this};
    options.metrics = &metrics_;
    rpc_ = *StartRpcServer(options);
  }
  ~OtherServer() override { rpc_.server->Shutdown(std::chrono::system_clock::now()); }

  std::string address() const { return absl::StrCat("127.0.0.1:", rpc_.port); }

  grpc::Status Recognize(grpc::ServerContext*, ServerStream* stream) override { return behave(*stream); }

  std::function<grpc::Status(ServerStream&)> behave;

 private:
  Metrics metrics_;
  RpcServer rpc_;
};

v1::RecognizeResponse Started() {
  v1::RecognizeResponse response;
  response.mutable_started()->set_provider("other");
  return response;
}

v1::RecognizeResponse Text(uint64_t id, const std::string& text, bool final) {
  v1::RecognizeResponse response;
  response.mutable_text()->set_utterance_id(id);
  response.mutable_text()->set_text(text);
  response.mutable_text()->set_final(final);
  return response;
}

// As the contract has it: an early text for samples, a final one with their size.
grpc::Status Honest(ServerStream& stream) {
  v1::RecognizeRequest request;
  if (!stream.Read(&request) || request.head().language() != "de" || !request.head().provider().empty()) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "a strange head"};
  }
  stream.Write(Started());
  std::map<uint64_t, size_t> bytes;
  while (stream.Read(&request)) {
    if (request.has_begin()) bytes[request.begin().utterance_id()] = 0;
    if (request.has_samples()) {
      bytes[request.samples().utterance_id()] += request.samples().samples().size();
      if (request.samples().samples() == "early") stream.Write(Text(request.samples().utterance_id(), "so far", false));
    }
    if (request.has_end()) {
      const uint64_t id = request.end().utterance_id();
      stream.Write(Text(id, absl::StrCat(bytes[id], " bytes"), true));
    }
  }
  return grpc::Status::OK;
}

class ExternalRecognizerTest : public testing::Test {
 protected:
  std::unique_ptr<RecognitionStream> Open() {
    v1::RecognizeHead head;
    head.set_language("de");
    head.set_provider("other");
    return recognizer_.Start(head, sink_);
  }

  // Waits for room when it has to, as who reads from a client does.
  void Send(RecognitionStream& stream, const v1::RecognizeRequest& message) {
    const auto room = stream.Send(message);
    ASSERT_TRUE(room.ok());
    if (!*room) sink_->AwaitRoom();
  }

  // What an utterance's stream ends with where the server does `behave`.
  absl::Status EndOfStream(std::function<grpc::Status(ServerStream&)> behave) {
    server_.behave = std::move(behave);
    const auto stream = Open();
    EXPECT_TRUE(stream->Send(BeginOf(1, "a")).ok());
    return sink_->AwaitEnd();
  }

  OtherServer server_;
  ExternalRecognizer recognizer_{"other", {"de"}, MakeRpcChannel(server_.address())};
  const std::shared_ptr<RecordingSink> sink_ = std::make_shared<RecordingSink>();
};

TEST_F(ExternalRecognizerTest, AStreamOfOursIsAStreamThere) {
  server_.behave = Honest;
  const auto stream = Open();
  Send(*stream, BeginOf(1, "a"));
  Send(*stream, SamplesOf(1, "early"));
  EXPECT_EQ(sink_->AwaitInterim().text(), "so far");
  Send(*stream, BeginOf(2, "b"));
  Send(*stream, SamplesOf(2, std::string(1000, 'x')));
  Send(*stream, EndOf(2));
  Send(*stream, EndOf(1));
  const auto finals = sink_->AwaitFinals(2);
  EXPECT_EQ(finals[0].utterance_id(), 2u);
  EXPECT_EQ(finals[0].text(), "1000 bytes");
  EXPECT_EQ(finals[1].text(), "5 bytes");
  EXPECT_FALSE(stream->Finish());
  EXPECT_TRUE(sink_->AwaitEnd().ok());
}

TEST_F(ExternalRecognizerTest, WhatIsSentInOneGoArrives) {
  server_.behave = Honest;
  const auto stream = Open();
  for (uint64_t id = 1; id <= 20; ++id) ASSERT_TRUE(stream->Send(BeginOf(id, absl::StrCat(id))).ok());
  for (uint64_t id = 1; id <= 20; ++id) ASSERT_TRUE(stream->Send(EndOf(id)).ok());
  stream->Finish();
  EXPECT_TRUE(sink_->AwaitEnd().ok());
  EXPECT_EQ(sink_->AwaitFinals(20).size(), 20u);
}

TEST_F(ExternalRecognizerTest, TheOtherServersRefusalIsOurClients) {
  const absl::Status end = EndOfStream([](ServerStream&) {
    return ToGrpcStatus(Error(absl::StatusCode::kResourceExhausted, "SPEECH_BUSY", "too many streams"));
  });
  EXPECT_EQ(end.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(GetErrorDetail(end).reason, "SPEECH_BUSY");
}

TEST_F(ExternalRecognizerTest, WhatBreaksTheContractBreaksTheStream) {
  const std::pair<const char*, std::function<grpc::Status(ServerStream&)>> cases[] = {
      {"does not begin with one head",
       [](ServerStream& stream) {
         stream.Write(Text(1, "x", false));
         return grpc::Status::OK;
       }},
      {"does not begin with one head",
       [](ServerStream& stream) {
         stream.Write(Started());
         stream.Write(Started());
         return grpc::Status::OK;
       }},
      {"which needs none",
       [](ServerStream& stream) {
         stream.Write(Started());
         stream.Write(Text(2, "x", true));
         return grpc::Status::OK;
       }},
      {"before its end",
       [](ServerStream& stream) {
         v1::RecognizeRequest request;
         while (stream.Read(&request) && !request.has_begin()) {
         }
         stream.Write(Started());
         stream.Write(Text(1, "x", true));
         return grpc::Status::OK;
       }},
      {"longer than 8 KiB",
       [](ServerStream& stream) {
         v1::RecognizeRequest request;
         while (stream.Read(&request) && !request.has_begin()) {
         }
         stream.Write(Started());
         stream.Write(Text(1, std::string(9000, 'x'), false));
         return grpc::Status::OK;
       }},
      {"before all was answered",
       [](ServerStream& stream) {
         stream.Write(Started());
         return grpc::Status::OK;
       }},
      {"it burns", [](ServerStream&) { return grpc::Status(grpc::StatusCode::INTERNAL, "it burns"); }},
  };
  for (const auto& [message, behave] : cases) {
    const auto sink = std::make_shared<RecordingSink>();
    server_.behave = behave;
    v1::RecognizeHead head;
    head.set_language("de");
    const auto stream = recognizer_.Start(head, sink);
    ASSERT_TRUE(stream->Send(BeginOf(1, "a")).ok());
    const absl::Status end = sink->AwaitEnd();
    EXPECT_EQ(end.code(), absl::StatusCode::kUnavailable) << message;
    EXPECT_EQ(GetErrorDetail(end).reason, "PROVIDER_UNAVAILABLE") << message;
    EXPECT_THAT(std::string(end.message()), testing::HasSubstr(message));
  }
}

TEST_F(ExternalRecognizerTest, AServerThatIsNotThereIsUnavailableAndNotChosen) {
  ExternalRecognizer nobody("nobody", {"de"}, MakeRpcChannel("127.0.0.1:1"));
  v1::RecognizeHead head;
  head.set_language("de");
  const auto stream = nobody.Start(head, sink_);
  EXPECT_EQ(sink_->AwaitEnd().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(nobody.available());
  EXPECT_TRUE(recognizer_.available());
}

TEST_F(ExternalRecognizerTest, AStreamThatGoesEndsThereToo) {
  absl::Notification gone;
  server_.behave = [&](ServerStream& stream) {
    v1::RecognizeRequest request;
    while (stream.Read(&request)) {
    }
    gone.Notify();
    return grpc::Status::OK;
  };
  auto stream = Open();
  Send(*stream, BeginOf(1, "a"));
  stream.reset();
  gone.WaitForNotification();
}

}  // namespace
}  // namespace tutti::speech
