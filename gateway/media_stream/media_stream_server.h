#ifndef GATEWAY_MEDIA_STREAM_MEDIA_STREAM_SERVER_H_
#define GATEWAY_MEDIA_STREAM_MEDIA_STREAM_SERVER_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/id/id.h"
#include "gateway/http/http.h"
#include "gateway/media_stream/media_stream_metrics.h"
#include "gateway/ws/loop.h"
#include "gateway/ws/session.h"
#include "grpcpp/channel.h"
#include "tutti/control/v1/conference.grpc.pb.h"

namespace tutti::gateway::media_stream {

// GET /v1/conferences/{id}/media_stream: a room's sound by WebSocket. The control
// plane opens it, the media node has it; here frames are copied, both ways. All else
// goes on to `next`. Thread-safe.
class MediaStreamServer final : public Handler {
 public:
  struct Options {
    size_t clients_max = 5000;
    // For the control plane, and for the media node, to answer.
    absl::Duration timeout = absl::Seconds(10);
    ws::SessionOptions session = DefaultSession();
  };
  // A channel to a media node's address.
  using Connect = std::function<std::shared_ptr<grpc::Channel>(const std::string& address)>;

  // 2 s of samples wait for a client at most, besides what its kernel takes.
  static ws::SessionOptions DefaultSession();

  // The references outlive it.
  MediaStreamServer(const std::shared_ptr<grpc::Channel>& control, Connect connect, ws::Loop& loop, IdGenerator& ids,
                    MediaStreamMetrics& metrics, Handler& next, const Options& options);
  // After Stop.
  ~MediaStreamServer() override;

  void Handle(Request request, Reply reply) override;

  // Takes no more clients and closes those that are there; who doesn't close
  // within `patience` is cut off. Before the HTTP server ends. False: some were
  // cut off.
  bool Stop(absl::Duration patience);

 private:
  class Client;

  bool Enter(const std::shared_ptr<Client>& client, absl::Status& why);
  void Leave(const std::shared_ptr<Client>& client);
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address);

  const std::unique_ptr<control::v1::ConferenceService::Stub> control_;
  const Connect connect_;
  ws::Loop& loop_;
  IdGenerator& ids_;
  MediaStreamMetrics& metrics_;
  Handler& next_;
  const Options options_;

  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<std::shared_ptr<Client>> clients_ ABSL_GUARDED_BY(mutex_);
  // By address; those in use live without it.
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::gateway::media_stream

#endif  // GATEWAY_MEDIA_STREAM_MEDIA_STREAM_SERVER_H_
