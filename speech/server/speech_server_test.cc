#include "speech/server/speech_server.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/client.h"
#include "speech/recognizer/pocketsphinx_decoder.h"

namespace tutti::speech {
namespace {

class SpeechServerTest : public testing::Test {
 protected:
  SpeechServerTest() {
    options_.grpc_listen = "127.0.0.1:0";
    options_.metrics_listen = "127.0.0.1:0";
    options_.streams_max = 10;
    options_.pocketsphinx_model = kPocketsphinxModel;
  }

  void AddProvider(const std::string& name, const std::string& language, const std::string& address) {
    config::v1::SpeechProvider& provider = options_.providers.emplace_back();
    provider.set_name(name);
    provider.add_language(language);
    if (!address.empty()) return provider.set_address(address);
    provider.set_sherpa_onnx_library("/no/library.so");
    provider.set_sherpa_onnx_model_dir("/no/model");
  }

  // Who is listed by a server with these options.
  std::vector<std::string> Recognizers() {
    server_ = *SpeechServer::Start(options_, clock_);
    stub_ = v1::SpeechService::NewStub(MakeRpcChannel(absl::StrCat("127.0.0.1:", server_->grpc_port())));
    grpc::ClientContext context;
    v1::ListCapabilitiesResponse response;
    EXPECT_TRUE(stub_->ListCapabilities(&context, {}, &response).ok());
    EXPECT_GT(response.voices_size(), 0);
    std::vector<std::string> names;
    for (const v1::Recognizer& recognizer : response.recognizers()) names.push_back(recognizer.provider());
    return names;
  }

  grpc::StatusCode Refusal(const std::string& language) {
    grpc::ClientContext context;
    const auto stream = stub_->Recognize(&context);
    v1::RecognizeRequest head;
    head.mutable_head()->set_language(language);
    stream->Write(head);
    stream->WritesDone();
    for (v1::RecognizeResponse response; stream->Read(&response);) {
    }
    return stream->Finish().error_code();
  }

  SystemClock clock_;
  ServerOptions options_;
  std::unique_ptr<SpeechServer> server_;
  std::unique_ptr<v1::SpeechService::Stub> stub_;
};

using Names = std::vector<std::string>;

TEST_F(SpeechServerTest, WhoseModelDoesNotOpenIsNotListed) {
  AddProvider("broken", "de", "");
  EXPECT_EQ(Recognizers(), (Names{"pocketsphinx"}));
  EXPECT_EQ(Refusal("de"), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Refusal("en"), grpc::StatusCode::OK);
}

TEST_F(SpeechServerTest, WithoutAnyModelItStillSpeaks) {
  options_.pocketsphinx_model = "/no/model";
  EXPECT_EQ(Recognizers(), Names());
  EXPECT_EQ(Refusal("en-US"), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(SpeechServerTest, AnotherServerIsListedWhileItIsAway) {
  AddProvider("acme", "fr", "127.0.0.1:1");
  EXPECT_EQ(Recognizers(), (Names{"acme", "pocketsphinx"}));
  EXPECT_EQ(Refusal("fr"), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace tutti::speech
