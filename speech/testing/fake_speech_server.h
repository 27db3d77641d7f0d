#ifndef SPEECH_TESTING_FAKE_SPEECH_SERVER_H_
#define SPEECH_TESTING_FAKE_SPEECH_SERVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "common/rpc/server.h"
#include "grpcpp/grpcpp.h"
#include "tutti/speech/v1/speech.grpc.pb.h"

namespace tutti::speech {

// A speech server without speech, on a real gRPC port of loopback, for tests: it
// understands what it is told to understand, and speaks tones. Thread-safe.
class FakeSpeechServer final : private v1::SpeechService::Service {
 public:
  // An utterance as it came.
  struct Utterance {
    uint64_t id = 0;
    std::string speaker_id;
    uint32_t sample_rate_hz = 0;
    // Signed 16 bit, little endian.
    std::string samples;
    bool ended = false;
  };

  // By default it has en-US of provider "fake", and the voices "tone" and "other".
  FakeSpeechServer();
  ~FakeSpeechServer() override;

  std::string Address() const;

  // The process dies: every stream breaks and its port is closed.
  void Kill();
  // It comes back on the same port.
  void Start();

  // What it makes of an utterance; called on gRPC's threads. By default
  // "SPEAKER says BYTES".
  void Understand(std::function<std::string(const Utterance&)> understand);
  // It takes what comes, and answers nothing until it is let go.
  void HoldAnswers(bool hold);
  // Every call fails with it from now on; OK: none does.
  void Fail(absl::Status status);
  // Every Recognize that is open ends with it.
  void BreakStreams(const absl::Status& status);

  // Of all streams, in the order of their beginnings.
  std::vector<Utterance> Utterances() const;
  std::vector<v1::RecognizeHead> Heads() const;
  std::vector<v1::SynthesizeRequest> Syntheses() const;
  int CapabilityCalls() const;
  int OpenStreams() const;

 private:
  grpc::Status Recognize(grpc::ServerContext* context,
                         grpc::ServerReaderWriter<v1::RecognizeResponse, v1::RecognizeRequest>* stream) override;
  grpc::Status Synthesize(grpc::ServerContext* context, const v1::SynthesizeRequest* request,
                          grpc::ServerWriter<v1::SynthesizeResponse>* writer) override;
  grpc::Status ListCapabilities(grpc::ServerContext* context, const v1::ListCapabilitiesRequest* request,
                                v1::ListCapabilitiesResponse* response) override;

  // A Recognize that is open.
  struct Stream {
    grpc::ServerContext* context = nullptr;
    // Of utterances_, by their ids.
    std::map<uint64_t, size_t> utterances;
    // Ended and not answered, in their order.
    std::vector<uint64_t> unanswered;
    bool half_closed = false;
    // It ends with it unless OK.
    absl::Status broken;
  };

  absl::Status CheckHead(const v1::RecognizeHead& head) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Until the client has half-closed, or the stream breaks.
  void Read(grpc::ServerReaderWriter<v1::RecognizeResponse, v1::RecognizeRequest>& reader, Stream& stream);
  bool HasWork(const Stream& stream) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  int port_ = 0;
  RpcServer rpc_;
  mutable absl::Mutex mutex_;
  std::function<std::string(const Utterance&)> understand_ ABSL_GUARDED_BY(mutex_);
  bool hold_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::set<Stream*> streams_ ABSL_GUARDED_BY(mutex_);
  std::vector<Utterance> utterances_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::RecognizeHead> heads_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::SynthesizeRequest> syntheses_ ABSL_GUARDED_BY(mutex_);
  int capability_calls_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tutti::speech

#endif  // SPEECH_TESTING_FAKE_SPEECH_SERVER_H_
