#ifndef MEDIAPLANE_SERVICE_SOUND_REACTOR_H_
#define MEDIAPLANE_SERVICE_SOUND_REACTOR_H_

#include <atomic>

#include "absl/status/statusor.h"
#include "grpcpp/support/server_callback.h"
#include "mediaplane/node/control_thread.h"
#include "mediaplane/node/node.h"
#include "mediaplane/node/sound_upload.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::mediaplane {

// One PutSound: samples are gathered, hashed and resampled on gRPC's thread; the
// control thread is asked whether the sound is here, and given it in the end. It
// deletes itself when the stream is done.
class SoundReactor final : public grpc::ServerReadReactor<media::v1::PutSoundRequest> {
 public:
  // `uploads` counts the open ones and has counted this one.
  SoundReactor(Node& node, ControlThread& thread, media::v1::SoundState* response, std::atomic<int>& uploads);

 private:
  void OnReadDone(bool ok) override;
  void OnDone() override;

  // Unless the sound is here already.
  void ReadOn();
  void Store();
  void Answer(const absl::StatusOr<media::v1::SoundState>& state);

  Node& node_;
  ControlThread& thread_;
  media::v1::SoundState* const response_;
  std::atomic<int>& uploads_;
  media::v1::PutSoundRequest message_;
  SoundUpload upload_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_SERVICE_SOUND_REACTOR_H_
