#ifndef SPEECH_SERVER_SPEECH_SERVER_H_
#define SPEECH_SERVER_SPEECH_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/metrics/metrics.h"
#include "common/rpc/server.h"
#include "speech/metrics/speech_metrics.h"
#include "speech/recognizer/decoder_pool.h"
#include "speech/recognizer/recognizer_registry.h"
#include "speech/server/options.h"
#include "speech/service/speech_service.h"
#include "speech/synthesizer/synthesizer_registry.h"

namespace tutti::speech {

// A whole speech server: recognisers, synthesizers, the gRPC service and /metrics.
class SpeechServer {
 public:
  // Serves when it returns. A recogniser whose model can't be opened, or a synthesizer
  // that does not start, is a line of the log and not served. Each error is one
  // sentence for the operator.
  static absl::StatusOr<std::unique_ptr<SpeechServer>> Start(const ServerOptions& options, Clock& clock);

  // Breaks the streams that are open and ends.
  ~SpeechServer();
  SpeechServer(const SpeechServer&) = delete;
  SpeechServer& operator=(const SpeechServer&) = delete;

  int grpc_port() const { return rpc_.port; }

 private:
  SpeechServer(const ServerOptions& options, Clock& clock)
      : options_(options), clock_(clock), speech_metrics_(metrics_.registry()) {}

  void AddRecognizers();
  void AddSynthesizers();
  // Nothing, but for the log, where its first decoder can't be made.
  void AddPool(const std::string& name, std::vector<std::string> languages, DecoderFactory factory);
  void AddSynthesizer(std::unique_ptr<Synthesizer> synthesizer);
  absl::Status Serve();

  const ServerOptions options_;
  Clock& clock_;
  // Destroyed from the last to the first: who uses before who is used.
  Metrics metrics_;
  SpeechMetrics speech_metrics_;
  RecognizerRegistry recognizers_;
  // Of `recognizers_`.
  std::vector<const DecoderPool*> pools_;
  SynthesizerRegistry synthesizers_;
  std::unique_ptr<SpeechService> service_;
  RpcServer rpc_;
};

}  // namespace tutti::speech

#endif  // SPEECH_SERVER_SPEECH_SERVER_H_
