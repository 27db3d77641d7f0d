#ifndef MEDIAPLANE_SERVICE_AUDIO_REACTOR_H_
#define MEDIAPLANE_SERVICE_AUDIO_REACTOR_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/server_callback.h"
#include "mediaplane/node/control_thread.h"
#include "mediaplane/node/node.h"
#include "mediaplane/stream/audio_pump.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::mediaplane {

// One StreamAudio. What is said goes from gRPC's threads into the stream's line; what
// is heard is written when the pump finds it there. The control thread is asked for
// the line first, and told of the end. It deletes itself when the stream is done.
class AudioReactor final
    : public grpc::ServerBidiReactor<media::v1::StreamAudioRequest, media::v1::StreamAudioResponse>,
      private AudioPump::Client {
 public:
  // `streams` counts the open ones and has counted this one.
  AudioReactor(grpc::CallbackServerContext* context, Node& node, ControlThread& thread, AudioPump& pump,
               std::atomic<int>& streams);

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void OnPump() override;

  void Claim();
  void Begin(std::shared_ptr<AudioLine> line);
  absl::Status Say(const media::v1::StreamAudioRequest& request);
  void WriteNext();
  // As soon as nothing is being written; the first of several counts.
  void End(const absl::Status& status);

  grpc::CallbackServerContext* const context_;
  Node& node_;
  ControlThread& thread_;
  AudioPump& pump_;
  std::atomic<int>& streams_;

  media::v1::StreamAudioRequest request_;
  media::v1::StreamAudioResponse response_;
  std::vector<int16_t> said_;      // of one message; kept for its memory
  StreamBook::Ticket ticket_ = 0;  // the control thread's

  absl::Mutex mutex_;
  std::shared_ptr<AudioLine> line_ ABSL_GUARDED_BY(mutex_);  // null: not claimed yet
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  // Why it ends.
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  // Pumps since it waits for its token, or to end.
  int pumps_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_SERVICE_AUDIO_REACTOR_H_
