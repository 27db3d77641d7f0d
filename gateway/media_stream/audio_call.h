#ifndef GATEWAY_MEDIA_STREAM_AUDIO_CALL_H_
#define GATEWAY_MEDIA_STREAM_AUDIO_CALL_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "grpcpp/channel.h"

namespace tutti::gateway::media_stream {

// One StreamAudio at a media node. Thread-safe.
class AudioCall {
 public:
  // Called on gRPC's threads, one at a time but for on_said.
  struct Handler {
    // The token was taken.
    std::function<void()> on_begin;
    // 20 ms.
    std::function<void(std::string samples)> on_samples;
    // What was said is on its way: there may be more.
    std::function<void()> on_said;
    // Last.
    std::function<void(const absl::Status&)> on_end;
  };

  static std::shared_ptr<AudioCall> Make(const std::shared_ptr<grpc::Channel>& channel, Handler handler);
  virtual ~AudioCall() = default;

  // Once. It lives until on_end.
  virtual void Start(const std::string& token) = 0;
  // At most one at a time, from on_begin on: the next after on_said.
  virtual void Say(std::string samples) = 0;
  // on_end still comes.
  virtual void Cancel() = 0;
};

}  // namespace tutti::gateway::media_stream

#endif  // GATEWAY_MEDIA_STREAM_AUDIO_CALL_H_
