#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/client.h"
#include "common/testing/process.h"
#include "tutti/speech/v1/speech.grpc.pb.h"

namespace tutti::speech {
namespace {

constexpr char kBinary[] = "speech/speech";

class MainTest : public testing::Test {
 protected:
  MainTest() : grpc_(absl::StrCat("127.0.0.1:", FreeTcpPort())), metrics_(absl::StrCat("127.0.0.1:", FreeTcpPort())) {}

  std::vector<std::string> Flags(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> flags = {"--speech.grpc_listen=" + grpc_, "--speech.metrics_listen=" + metrics_};
    flags.insert(flags.end(), more.begin(), more.end());
    return flags;
  }

  std::unique_ptr<v1::SpeechService::Stub> Connect() const {
    const auto channel = MakeRpcChannel(grpc_);
    EXPECT_TRUE(channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(20)));
    return v1::SpeechService::NewStub(channel);
  }

  const std::string grpc_;
  const std::string metrics_;
};

std::string Speak(v1::SpeechService::Stub& stub, const std::string& text) {
  grpc::ClientContext context;
  v1::SynthesizeRequest request;
  request.set_text(text);
  const auto stream = stub.Synthesize(&context, request);
  std::string samples;
  for (v1::SynthesizeResponse response; stream->Read(&response);) samples += response.samples();
  EXPECT_TRUE(stream->Finish().ok());
  return samples;
}

// The final text of one utterance.
std::string Understand(v1::SpeechService::Stub& stub, const std::string& samples) {
  constexpr size_t kPieceBytes = 6400;
  grpc::ClientContext context;
  const auto stream = stub.Recognize(&context);
  v1::RecognizeRequest request;
  request.mutable_head()->set_language("en-US");
  stream->Write(request);
  request.mutable_begin()->set_utterance_id(1);
  request.mutable_begin()->set_speaker_id("a");
  request.mutable_begin()->set_sample_rate_hz(16'000);
  stream->Write(request);
  for (size_t place = 0; place < samples.size(); place += kPieceBytes) {
    request.mutable_samples()->set_utterance_id(1);
    request.mutable_samples()->set_samples(samples.substr(place, kPieceBytes));
    stream->Write(request);
  }
  request.mutable_end()->set_utterance_id(1);
  stream->Write(request);
  stream->WritesDone();
  std::string text;
  for (v1::RecognizeResponse response; stream->Read(&response);) {
    if (response.text().final()) text = response.text().text();
  }
  const grpc::Status status = stream->Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  return text;
}

TEST_F(MainTest, UnderstandsWhatItSpeaks) {
  Process process(kBinary, Flags());
  const auto stub = Connect();
  EXPECT_EQ(Understand(*stub, Speak(*stub, "please enter your account number followed by the pound key")),
            "please enter your account number followed by the pound key");
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_THAT(process.errors(), testing::HasSubstr("listening"));
}

TEST_F(MainTest, ASignalEndsItWithAStreamOpen) {
  Process process(kBinary, Flags());
  const auto stub = Connect();
  grpc::ClientContext context;
  const auto stream = stub->Recognize(&context);
  v1::RecognizeRequest request;
  request.mutable_head()->set_language("en-US");
  stream->Write(request);
  v1::RecognizeResponse response;
  EXPECT_TRUE(stream->Read(&response));
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_FALSE(stream->Finish().ok());
}

TEST_F(MainTest, ServesWhatThereIsAndSaysWhatThereIsNot) {
  Process process(kBinary, Flags({"--speech.espeak=no-such-program"}));
  const auto stub = Connect();
  grpc::ClientContext context;
  v1::ListCapabilitiesResponse response;
  ASSERT_TRUE(stub->ListCapabilities(&context, {}, &response).ok());
  EXPECT_EQ(response.voices_size(), 4);
  EXPECT_EQ(response.recognizers_size(), 1);
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_THAT(process.errors(), testing::HasSubstr("no-such-program"));
}

TEST_F(MainTest, AProviderWithoutAModelIsOneSentenceAndNotOffered) {
  const std::string config = testing::TempDir() + "/" + std::to_string(getpid()) + ".conf";
  std::ofstream(config) << R"(speech { provider { name: "broken" language: "de" sherpa_onnx_library: "/none.so" )"
                           R"(sherpa_onnx_model_dir: "/no/model" } })";
  Process process(kBinary, Flags({"--config=" + config}));
  const auto stub = Connect();
  grpc::ClientContext context;
  v1::ListCapabilitiesResponse response;
  ASSERT_TRUE(stub->ListCapabilities(&context, {}, &response).ok());
  ASSERT_EQ(response.recognizers_size(), 1);
  EXPECT_EQ(response.recognizers(0).provider(), "pocketsphinx");
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_THAT(process.errors(),
              testing::ContainsRegex("a recogniser is missing until the next start.*broken.*/no/model"));
  std::filesystem::remove(config);
}

TEST_F(MainTest, APortInUseIsOneSentence) {
  Process running(kBinary, Flags());
  Connect();
  Process taken(kBinary, {"--speech.grpc_listen=" + grpc_, "--speech.metrics_listen=127.0.0.1:0"});
  EXPECT_EQ(taken.Wait(), 1);
  EXPECT_THAT(taken.errors(), testing::HasSubstr("can't listen for gRPC on " + grpc_));
}

TEST_F(MainTest, ABrokenConfigurationIsOneSentence) {
  const std::pair<std::string, std::string> cases[] = {
      {"--speech.streams_max=0", "speech.streams_max"},
      {"--speech.grpc_listen=0.0.0.0:1", "--insecure_listen"},
      {"--speech.decodrs_max=1", "speech.decodrs_max"},
  };
  for (const auto& [flag, message] : cases) {
    Process process(kBinary, Flags({flag}));
    EXPECT_NE(process.Wait(), 0) << flag;
    EXPECT_THAT(process.errors(), testing::HasSubstr(message));
  }
}

}  // namespace
}  // namespace tutti::speech
