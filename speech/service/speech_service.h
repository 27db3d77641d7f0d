#ifndef SPEECH_SERVICE_SPEECH_SERVICE_H_
#define SPEECH_SERVICE_SPEECH_SERVICE_H_

#include <map>

#include "speech/metrics/speech_metrics.h"
#include "speech/recognizer/recognizer_registry.h"
#include "speech/service/desk.h"
#include "speech/service/slots.h"
#include "speech/synthesizer/synthesizer_registry.h"
#include "tutti/speech/v1/speech.grpc.pb.h"

namespace tutti::speech {

// tutti.speech.v1 for the recognisers and synthesizers of this process.
class SpeechService final : public v1::SpeechService::CallbackService {
 public:
  // All outlive the server that has the service; the registries are filled.
  SpeechService(const RecognizerRegistry& recognizers, const SynthesizerRegistry& synthesizers, SpeechMetrics& metrics,
                int streams_max)
      : recognizers_(recognizers), synthesizers_(synthesizers), metrics_(metrics), streams_(streams_max) {
    for (const auto& synthesizer : synthesizers.synthesizers()) desks_.try_emplace(synthesizer.get());
  }

  grpc::ServerBidiReactor<v1::RecognizeRequest, v1::RecognizeResponse>* Recognize(
      grpc::CallbackServerContext* context) override;
  grpc::ServerWriteReactor<v1::SynthesizeResponse>* Synthesize(grpc::CallbackServerContext* context,
                                                               const v1::SynthesizeRequest* request) override;
  grpc::ServerUnaryReactor* ListCapabilities(grpc::CallbackServerContext* context,
                                             const v1::ListCapabilitiesRequest* request,
                                             v1::ListCapabilitiesResponse* response) override;

  // Open now. Any thread.
  int streams() const { return streams_.taken(); }
  int syntheses() const;

 private:
  const RecognizerRegistry& recognizers_;
  const SynthesizerRegistry& synthesizers_;
  SpeechMetrics& metrics_;
  Slots streams_;
  std::map<const Synthesizer*, Desk> desks_;
};

}  // namespace tutti::speech

#endif  // SPEECH_SERVICE_SPEECH_SERVICE_H_
