#ifndef SPEECH_SERVICE_SYNTHESIZE_REACTOR_H_
#define SPEECH_SERVICE_SYNTHESIZE_REACTOR_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"
#include "speech/metrics/speech_metrics.h"
#include "speech/service/slots.h"
#include "speech/service/worker_pool.h"
#include "speech/synthesizer/synthesizer_registry.h"

namespace tutti::speech {

// One Synthesize: a worker makes the speech, then it is sent piece by piece. It
// deletes itself when it is done.
class SynthesizeReactor final : public grpc::ServerWriteReactor<v1::SynthesizeResponse> {
 public:
  // `slots` has counted it; all outlive the server.
  SynthesizeReactor(const SynthesizerRegistry& registry, WorkerPool& workers, SpeechMetrics& metrics, Slots& slots)
      : registry_(registry), workers_(workers), metrics_(metrics), slots_(slots) {}

  void Begin(const v1::SynthesizeRequest& request);

 private:
  void OnWriteDone(bool ok) override;
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override;

  // On a worker.
  void Speak(const std::string& text, const SynthesizerRegistry::Choice& choice);
  void SendNext();

  const SynthesizerRegistry& registry_;
  WorkerPool& workers_;
  SpeechMetrics& metrics_;
  Slots& slots_;
  std::atomic<bool> cancelled_ = false;
  // The worker's, then the writer's.
  int sample_rate_hz_ = 0;
  std::vector<int16_t> samples_;
  size_t sent_ = 0;
  v1::SynthesizeResponse response_;
};

}  // namespace tutti::speech

#endif  // SPEECH_SERVICE_SYNTHESIZE_REACTOR_H_
