#include "speech/service/speech_service.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/clock/fake_clock.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "speech/recognizer/decoder_pool.h"
#include "speech/recognizer/fake_decoder.h"
#include "speech/recognizer/recording_sink.h"
#include "speech/synthesizer/flite_synthesizer.h"

namespace tutti::speech {
namespace {

using Stream = grpc::ClientReaderWriter<v1::RecognizeRequest, v1::RecognizeResponse>;

constexpr int kStreamsMax = 3;

// Speaks "xx" and never comes to an end by itself.
class StuckSynthesizer final : public Synthesizer {
 public:
  StuckSynthesizer() {
    v1::Voice& voice = voices_.emplace_back();
    voice.set_voice("stuck");
    voice.set_language("xx");
    voice.set_provider("stuck");
  }

  const std::vector<v1::Voice>& voices() const override { return voices_; }
  absl::StatusOr<Sound> Speak(const std::string&, const v1::Voice&, const std::atomic<bool>& cancelled) override {
    while (!cancelled && !released) std::this_thread::yield();
    return absl::CancelledError("not wanted any more");
  }

  std::atomic<bool> released = false;

 private:
  std::vector<v1::Voice> voices_;
};

// A server with fake decoders, real voices and one that hangs.
class SpeechServiceTest : public testing::Test {
 protected:
  SpeechServiceTest() {
    DecoderPool::Options pool;
    pool.name = "fake";
    pool.languages = {"en-US"};
    pool.decoders_max = 2;
    pool.queue.ended_max = 4;
    auto recognizer = std::make_unique<DecoderPool>(pool, fakes_.Factory(), clock_, speech_metrics_);
    pool_ = recognizer.get();
    recognizers_.Add(std::move(recognizer));
    synthesizers_.Add(std::make_unique<FliteSynthesizer>());
    auto stuck = std::make_unique<StuckSynthesizer>();
    stuck_ = stuck.get();
    synthesizers_.Add(std::move(stuck));
    service_ = std::make_unique<SpeechService>(recognizers_, synthesizers_, speech_metrics_, kStreamsMax);
    RpcServerOptions options;
    options.listen = "127.0.0.1:0";
    options.services = {service_.get()};
    options.metrics = &metrics_;
    rpc_ = *StartRpcServer(options);
    stub_ = v1::SpeechService::NewStub(MakeRpcChannel(absl::StrCat("127.0.0.1:", rpc_.port)));
  }
  ~SpeechServiceTest() override {
    fakes_.Release();
    stuck_->released = true;
    rpc_.server->Shutdown(std::chrono::system_clock::now());
    rpc_.server.reset();
  }

  // A stream that has been answered.
  std::unique_ptr<Stream> Open(grpc::ClientContext& context, bool interim = false,
                               const std::string& language = "en-US") {
    auto stream = stub_->Recognize(&context);
    v1::RecognizeRequest head;
    head.mutable_head()->set_language(language);
    head.mutable_head()->set_interim(interim);
    stream->Write(head);
    return stream;
  }

  static void Say(Stream& stream, uint64_t id, const std::string& speaker, size_t samples) {
    stream.Write(BeginOf(id, speaker));
    stream.Write(SamplesOf(id, std::string(samples * 2, 'x')));
    stream.Write(EndOf(id));
  }

  static std::vector<v1::RecognizeResponse> ReadAll(Stream& stream) {
    std::vector<v1::RecognizeResponse> responses;
    while (stream.Read(&responses.emplace_back())) {
    }
    responses.pop_back();
    return responses;
  }

  absl::Status Refusal(const std::vector<v1::RecognizeRequest>& messages) {
    grpc::ClientContext context;
    const auto stream = stub_->Recognize(&context);
    for (const auto& message : messages) stream->Write(message);
    stream->WritesDone();
    ReadAll(*stream);
    return FromGrpcStatus(stream->Finish());
  }

  // The samples of a text, or its refusal.
  absl::StatusOr<std::string> Spoken(const v1::SynthesizeRequest& request, v1::SynthesizeHead* head = nullptr) {
    grpc::ClientContext context;
    const auto stream = stub_->Synthesize(&context, request);
    std::string samples;
    v1::SynthesizeResponse response;
    for (bool first = true; stream->Read(&response); first = false) {
      EXPECT_EQ(response.has_head(), first);
      EXPECT_LE(response.samples().size(), 64u * 1024);
      if (first && head != nullptr) *head = response.head();
      samples += response.samples();
    }
    const grpc::Status status = stream->Finish();
    if (!status.ok()) return FromGrpcStatus(status);
    return samples;
  }

  Metrics metrics_;
  SpeechMetrics speech_metrics_{metrics_.registry()};
  FakeClock clock_;
  FakeDecoders fakes_;
  RecognizerRegistry recognizers_;
  const DecoderPool* pool_ = nullptr;
  SynthesizerRegistry synthesizers_;
  StuckSynthesizer* stuck_ = nullptr;
  std::unique_ptr<SpeechService> service_;
  RpcServer rpc_;
  std::unique_ptr<v1::SpeechService::Stub> stub_;
};

TEST_F(SpeechServiceTest, TwoSpeakersOverlapAndEachUtteranceHasOneFinalText) {
  grpc::ClientContext context;
  const auto stream = Open(context);
  std::thread speaker([&] {
    for (uint64_t i = 0; i < 10; ++i) {
      stream->Write(BeginOf(4 * i + 1, "a"));
      stream->Write(BeginOf(4 * i + 2, "b"));
      stream->Write(SamplesOf(4 * i + 1, std::string(20, 'x')));
      stream->Write(SamplesOf(4 * i + 2, std::string(40, 'x')));
      stream->Write(EndOf(4 * i + 2));
      stream->Write(EndOf(4 * i + 1));
    }
    stream->WritesDone();
  });
  const auto responses = ReadAll(*stream);
  speaker.join();
  EXPECT_TRUE(stream->Finish().ok());
  ASSERT_EQ(responses.size(), 21u);
  EXPECT_EQ(responses[0].started().provider(), "fake");
  std::map<uint64_t, uint64_t> last;
  for (size_t i = 1; i < responses.size(); ++i) {
    const auto& text = responses[i].text();
    EXPECT_TRUE(text.final());
    const uint64_t speaker_number = text.utterance_id() % 4;
    EXPECT_GT(text.utterance_id(), last[speaker_number]);
    last[speaker_number] = text.utterance_id();
    EXPECT_EQ(text.text(), speaker_number == 1 ? "10 after 10" : "20 after 20");
  }
}

TEST_F(SpeechServiceTest, EarlyTextsComeBeforeTheFinalOne) {
  grpc::ClientContext context;
  const auto stream = Open(context, true);
  stream->Write(BeginOf(1, "a"));
  stream->Write(SamplesOf(1, std::string(12'000, 'x')));
  v1::RecognizeResponse response;
  ASSERT_TRUE(stream->Read(&response) && response.has_started());
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_FALSE(response.text().final());
  EXPECT_EQ(response.text().text(), "so far 6000");
  stream->Write(EndOf(1));
  while (stream->Read(&response) && !response.text().final()) {
  }
  EXPECT_EQ(response.text().text(), "6000 after 6000");
}

TEST_F(SpeechServiceTest, WhatIsOpenAtTheHalfCloseIsAnswered) {
  grpc::ClientContext context;
  const auto stream = Open(context);
  stream->Write(BeginOf(1, "a"));
  stream->Write(SamplesOf(1, std::string(20, 'x')));
  stream->WritesDone();
  const auto responses = ReadAll(*stream);
  EXPECT_TRUE(stream->Finish().ok());
  ASSERT_FALSE(responses.empty());
  EXPECT_EQ(responses.back().text().text(), "10 after 10");
}

TEST_F(SpeechServiceTest, AStreamWithoutUtterancesEndsWell) {
  grpc::ClientContext context;
  const auto stream = Open(context);
  stream->WritesDone();
  EXPECT_EQ(ReadAll(*stream).size(), 1u);
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(SpeechServiceTest, ABrokenStreamGivesItsPlaceAndItsSamplesBack) {
  fakes_.Hold();
  {
    grpc::ClientContext context;
    const auto stream = Open(context);
    Say(*stream, 1, "a", 100);
    Say(*stream, 2, "a", 100);
    fakes_.AwaitHeld(1);
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  while (service_->streams() > 0) std::this_thread::yield();
  EXPECT_EQ(pool_->bytes(), 0u);
  EXPECT_EQ(pool_->waiting(), 0);
}

TEST_F(SpeechServiceTest, SoManyStreamsAndNoMore) {
  std::vector<grpc::ClientContext> contexts(kStreamsMax);
  std::vector<std::unique_ptr<Stream>> streams;
  v1::RecognizeResponse response;
  for (auto& context : contexts) {
    streams.push_back(Open(context));
    ASSERT_TRUE(streams.back()->Read(&response));
  }
  const absl::Status refused = Refusal({});
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(GetErrorDetail(refused).reason, "SPEECH_BUSY");
  for (auto& context : contexts) context.TryCancel();
  for (auto& stream : streams) stream->Finish();
}

TEST_F(SpeechServiceTest, ASlowRecogniserHoldsUpItsClientAndLosesNothing) {
  fakes_.Hold();
  grpc::ClientContext context;
  const auto stream = Open(context);
  constexpr uint64_t kUtterances = 400;
  std::thread speaker([&] {
    for (uint64_t id = 1; id <= kUtterances; ++id) Say(*stream, id, "a", 2000);
    stream->WritesDone();
  });
  fakes_.AwaitHeld(1);
  // As much as the queue takes, and not all that gRPC would give.
  while (pool_->waiting() < 4) std::this_thread::yield();
  EXPECT_LE(pool_->waiting(), 5);
  fakes_.Release();
  EXPECT_EQ(ReadAll(*stream).size(), 1 + kUtterances);
  EXPECT_TRUE(stream->Finish().ok());
  speaker.join();
}

TEST_F(SpeechServiceTest, WhatIsWrongWithAStreamIsSaid) {
  v1::RecognizeRequest head;
  head.mutable_head()->set_language("de");
  const absl::Status language = Refusal({head});
  EXPECT_EQ(GetErrorDetail(language).reason, "LANGUAGE_NOT_SUPPORTED");
  EXPECT_EQ(GetErrorDetail(language).details.at("supported"), "en-US");
  head.mutable_head()->set_language("en-US");
  head.mutable_head()->set_provider("nobody");
  EXPECT_EQ(GetErrorDetail(Refusal({head})).reason, "PROVIDER_NOT_FOUND");
  head.mutable_head()->set_provider("fake");
  EXPECT_EQ(GetErrorDetail(Refusal({head, EndOf(1)})).reason, "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(GetErrorDetail(Refusal({})).reason, "INVALID_REQUEST_PARAMETER");
  EXPECT_TRUE(Refusal({head}).ok());
}

TEST_F(SpeechServiceTest, SpeaksAtTheRateThatIsAskedFor) {
  v1::SynthesizeRequest request;
  request.set_text("please enter your number");
  v1::SynthesizeHead head;
  const auto wide = Spoken(request, &head);
  ASSERT_TRUE(wide.ok()) << wide.status().message();
  EXPECT_EQ(head.sample_rate_hz(), 16'000u);
  EXPECT_EQ(head.voice(), "slt");
  EXPECT_GT(wide->size(), 32'000u);
  request.set_sample_rate_hz(8000);
  request.set_voice("rms");
  request.set_language("en");
  const auto narrow = Spoken(request, &head);
  ASSERT_TRUE(narrow.ok());
  EXPECT_EQ(head.sample_rate_hz(), 8000u);
  EXPECT_EQ(head.voice(), "rms");
  EXPECT_GT(narrow->size(), 16'000u);
  EXPECT_LT(narrow->size(), wide->size());
}

TEST_F(SpeechServiceTest, TheLongestTextIsSpokenAndALongerOneRefused) {
  v1::SynthesizeRequest request;
  std::string text;
  while (text.size() + 4 <= kSpokenBytesMax) text += "one ";
  request.set_text(text);
  EXPECT_GT(Spoken(request)->size(), size_t{60} * 32'000);
  request.set_text(text + "one");
  EXPECT_EQ(GetErrorDetail(Spoken(request).status()).reason, "INVALID_REQUEST_PARAMETER");
}

TEST_F(SpeechServiceTest, WhatCannotBeSpokenIsSaid) {
  v1::SynthesizeRequest request;
  EXPECT_EQ(GetErrorDetail(Spoken(request).status()).reason, "INVALID_REQUEST_PARAMETER");
  request.set_text("text");
  request.set_sample_rate_hz(44'100);
  EXPECT_EQ(GetErrorDetail(Spoken(request).status()).reason, "INVALID_REQUEST_PARAMETER");
  request.set_sample_rate_hz(0);
  request.set_language("not a tag");
  EXPECT_EQ(GetErrorDetail(Spoken(request).status()).reason, "INVALID_REQUEST_PARAMETER");
  request.set_language("de");
  EXPECT_EQ(GetErrorDetail(Spoken(request).status()).details["supported"], "en-US, xx");
  request.set_language("");
  request.set_voice("nobody");
  EXPECT_EQ(GetErrorDetail(Spoken(request).status()).reason, "VOICE_NOT_FOUND");
}

TEST_F(SpeechServiceTest, OneLanguageThatHangsHoldsUpNoOther) {
  v1::SynthesizeRequest hanging;
  hanging.set_text("text");
  hanging.set_language("xx");
  std::vector<grpc::ClientContext> contexts(Desk::kTextsMax);
  std::vector<std::unique_ptr<grpc::ClientReader<v1::SynthesizeResponse>>> streams;
  for (auto& context : contexts) streams.push_back(stub_->Synthesize(&context, hanging));
  while (service_->syntheses() < Desk::kTextsMax) std::this_thread::yield();
  EXPECT_EQ(GetErrorDetail(Spoken(hanging).status()).reason, "SPEECH_BUSY");
  v1::SynthesizeRequest request;
  request.set_text("please enter your number");
  EXPECT_TRUE(Spoken(request).ok());
  for (auto& context : contexts) context.TryCancel();
  for (auto& stream : streams) EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  while (service_->syntheses() > 0) std::this_thread::yield();
}

TEST_F(SpeechServiceTest, TellsWhatItCan) {
  grpc::ClientContext context;
  v1::ListCapabilitiesResponse response;
  ASSERT_TRUE(stub_->ListCapabilities(&context, {}, &response).ok());
  ASSERT_EQ(response.recognizers_size(), 1);
  EXPECT_EQ(response.recognizers(0).provider(), "fake");
  EXPECT_EQ(response.recognizers(0).languages(0), "en-US");
  EXPECT_EQ(response.voices(0).voice(), "slt");
  EXPECT_EQ(response.voices(0).provider(), "flite");
}

}  // namespace
}  // namespace tutti::speech
