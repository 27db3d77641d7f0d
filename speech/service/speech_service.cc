#include "speech/service/speech_service.h"

#include "common/status/grpc_status.h"
#include "speech/service/recognize_reactor.h"
#include "speech/service/synthesize_reactor.h"

namespace tutti::speech {
namespace {

class RefusedRecognize final : public grpc::ServerBidiReactor<v1::RecognizeRequest, v1::RecognizeResponse> {
 public:
  explicit RefusedRecognize(const absl::Status& status) { Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerBidiReactor<v1::RecognizeRequest, v1::RecognizeResponse>* SpeechService::Recognize(
    grpc::CallbackServerContext*) {
  if (!streams_.Take()) return new RefusedRecognize(streams_.Busy("streams"));
  return RecognizeReactor::Begin(recognizers_, metrics_, streams_);
}

grpc::ServerWriteReactor<v1::SynthesizeResponse>* SpeechService::Synthesize(grpc::CallbackServerContext*,
                                                                            const v1::SynthesizeRequest* request) {
  auto* const reactor = new SynthesizeReactor(synthesizers_, desks_, metrics_);
  reactor->Begin(*request);
  return reactor;
}

int SpeechService::syntheses() const {
  int taken = 0;
  for (const auto& [synthesizer, desk] : desks_) taken += desk.slots.taken();
  return taken;
}

grpc::ServerUnaryReactor* SpeechService::ListCapabilities(grpc::CallbackServerContext* context,
                                                          const v1::ListCapabilitiesRequest*,
                                                          v1::ListCapabilitiesResponse* response) {
  for (const auto& recognizer : recognizers_.recognizers()) {
    auto& entry = *response->add_recognizers();
    entry.set_provider(recognizer->name());
    for (const std::string& language : recognizer->languages()) entry.add_languages(language);
  }
  for (const auto& synthesizer : synthesizers_.synthesizers()) {
    for (const v1::Voice& voice : synthesizer->voices()) *response->add_voices() = voice;
  }
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace tutti::speech
