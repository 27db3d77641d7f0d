#ifndef CONTROL_SPEECH_GRPC_SPEECH_CLIENT_H_
#define CONTROL_SPEECH_GRPC_SPEECH_CLIENT_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/rpc/flights.h"
#include "common/tls/tls.h"
#include "control/scheduler/task_queue.h"
#include "control/speech/speech_client.h"
#include "grpcpp/grpcpp.h"
#include "tutti/speech/v1/speech.grpc.pb.h"

namespace tutti::control {

// The speech server over gRPC: a deadline on every call, keepalive on the
// connection. What is in flight at its end is cancelled, and answered before the
// destructor returns.
class GrpcSpeechClient final : public SpeechClient {
 public:
  // With `tls` the server and we verify each other.
  GrpcSpeechClient(const std::string& address, MonotonicClock clock, std::shared_ptr<const Tls> tls = nullptr);
  ~GrpcSpeechClient() override;

  // How long what it can do is believed.
  static constexpr absl::Duration kCapabilitiesFreshFor = absl::Seconds(5);

  void Synthesize(const speech::v1::SynthesizeRequest& request, Done<SpokenSound> done) override;
  void ListCapabilities(Done<speech::v1::ListCapabilitiesResponse> done) override;

 private:
  class SynthesisReactor;

  void OnCapabilities(const absl::StatusOr<speech::v1::ListCapabilitiesResponse>& result);

  const MonotonicClock clock_;
  std::unique_ptr<speech::v1::SpeechService::Stub> stub_;
  std::shared_ptr<Flights> flights_;
  absl::Mutex mutex_;
  std::optional<speech::v1::ListCapabilitiesResponse> capabilities_ ABSL_GUARDED_BY(mutex_);
  absl::Duration capabilities_at_ ABSL_GUARDED_BY(mutex_);
  // Of the one question under way.
  std::vector<Done<speech::v1::ListCapabilitiesResponse>> waiters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::control

#endif  // CONTROL_SPEECH_GRPC_SPEECH_CLIENT_H_
