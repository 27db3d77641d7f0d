#ifndef GATEWAY_MEDIA_STREAM_CLIENT_H_
#define GATEWAY_MEDIA_STREAM_CLIENT_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "gateway/http/http.h"
#include "gateway/http/upgraded.h"
#include "gateway/media_stream/audio_call.h"
#include "gateway/media_stream/media_stream_server.h"
#include "gateway/ws/session.h"
#include "grpcpp/client_context.h"
#include "tutti/control/v1/conference.pb.h"

namespace tutti::gateway::media_stream {

// One client of a media stream: the control plane is asked, then the media node; when
// both have agreed its WebSocket opens. It ends when WebSocket and call have. Its
// methods come from everywhere.
class MediaStreamServer::Client final : public std::enable_shared_from_this<Client> {
 public:
  Client(MediaStreamServer& server, Request request, Reply reply, control::v1::OpenMediaStreamRequest wanted)
      : server_(server), request_(std::move(request)), reply_(std::move(reply)), wanted_(std::move(wanted)) {}

  // Credentials and trace of the request have been added to context().
  void Start();
  grpc::ClientContext& context() { return context_; }

  // The gateway ends.
  void Close();
  // Without a closing handshake.
  void Abort();

 private:
  struct UpgradeTicket;

  void OnOpened(const absl::Status& status);
  void StartCall();
  void OnCallBegin();
  void OnCallEnd(const absl::Status& status);
  void Upgrade(std::unique_ptr<Upgraded> upgraded);
  void OnSessionOpen();
  void OnFrame(std::string frame, bool is_text);
  void OnSessionEnd(ws::CloseReason reason, bool was_open);
  // Before the upgrade; once.
  void Refuse(const absl::Status& why);
  void LeaveIfOver();

  bool speaks() const { return wanted_.direction() == control::v1::OpenMediaStreamRequest::DIRECTION_SENDRECV; }

  MediaStreamServer& server_;
  const Request request_;
  Reply reply_;  // until it was given
  const control::v1::OpenMediaStreamRequest wanted_;
  grpc::ClientContext context_;
  control::v1::MediaStream opened_;

  absl::Mutex mutex_;
  std::shared_ptr<AudioCall> call_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<ws::Session> session_ ABSL_GUARDED_BY(mutex_);
  // It shall end, or its call has.
  std::optional<ws::CloseReason> close_ ABSL_GUARDED_BY(mutex_);
  bool replied_ ABSL_GUARDED_BY(mutex_) = false;
  bool begun_ ABSL_GUARDED_BY(mutex_) = false;
  bool opening_ ABSL_GUARDED_BY(mutex_) = true;    // the control plane is asked
  bool call_over_ ABSL_GUARDED_BY(mutex_) = true;  // none yet, or none any more
  bool session_over_ ABSL_GUARDED_BY(mutex_) = true;
};

}  // namespace tutti::gateway::media_stream

#endif  // GATEWAY_MEDIA_STREAM_CLIENT_H_
