#ifndef MEDIAPLANE_TRANSCRIPTION_GRPC_RECOGNIZER_H_
#define MEDIAPLANE_TRANSCRIPTION_GRPC_RECOGNIZER_H_

#include <functional>
#include <memory>
#include <string>

#include "common/rpc/flights.h"
#include "common/tls/tls.h"
#include "grpcpp/grpcpp.h"
#include "mediaplane/transcription/recognizer.h"
#include "tutti/speech/v1/speech.grpc.pb.h"

namespace tutti::mediaplane {

// A speech server over gRPC. What is open at its end is cancelled; once the
// destructor has returned nothing more is posted.
class GrpcRecognizer final : public Recognizer {
 public:
  // Has a task run on the thread of the handlers, in order. Called on gRPC's threads.
  using Post = std::function<void(std::function<void()>)>;

  // With `tls` the server and we verify each other.
  GrpcRecognizer(const std::string& address, Post post, std::shared_ptr<const Tls> tls = nullptr);
  ~GrpcRecognizer() override;

  std::shared_ptr<Stream> Open(Handler handler) override;

 private:
  class Reactor;

  const Post post_;
  std::unique_ptr<speech::v1::SpeechService::Stub> stub_;
  std::shared_ptr<Flights> flights_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_TRANSCRIPTION_GRPC_RECOGNIZER_H_
