#ifndef SPEECH_SERVICE_SYNTHESIZE_REACTOR_H_
#define SPEECH_SERVICE_SYNTHESIZE_REACTOR_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"
#include "speech/metrics/speech_metrics.h"
#include "speech/service/desk.h"
#include "speech/synthesizer/synthesizer_registry.h"

namespace tutti::speech {

// One Synthesize: a worker makes the speech, then it is sent piece by piece. It
// deletes itself when it is done.
class SynthesizeReactor final : public grpc::ServerWriteReactor<v1::SynthesizeResponse> {
 public:
  // Each synthesizer of the registry has a desk; all outlive the server.
  SynthesizeReactor(const SynthesizerRegistry& registry, std::map<const Synthesizer*, Desk>& desks,
                    SpeechMetrics& metrics)
      : registry_(registry), desks_(desks), metrics_(metrics) {}

  void Begin(const v1::SynthesizeRequest& request);

 private:
  void OnWriteDone(bool ok) override;
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override;

  // On a worker.
  void Speak(const std::string& text, const SynthesizerRegistry::Choice& choice);
  void SendNext();

  const SynthesizerRegistry& registry_;
  std::map<const Synthesizer*, Desk>& desks_;
  SpeechMetrics& metrics_;
  // Where it has a place.
  Desk* desk_ = nullptr;
  std::atomic<bool> cancelled_ = false;
  // The worker's, then the writer's.
  int sample_rate_hz_ = 0;
  std::vector<int16_t> samples_;
  size_t sent_ = 0;
  v1::SynthesizeResponse response_;
};

}  // namespace tutti::speech

#endif  // SPEECH_SERVICE_SYNTHESIZE_REACTOR_H_
