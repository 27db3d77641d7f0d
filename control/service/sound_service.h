#ifndef CONTROL_SERVICE_SOUND_SERVICE_H_
#define CONTROL_SERVICE_SOUND_SERVICE_H_

#include "control/core/uploaded_sounds.h"
#include "control/service/authenticator.h"
#include "control/service/read_pool.h"
#include "tutti/control/v1/sound.grpc.pb.h"

namespace tutti::control {

// tutti.control.v1.SoundService over the core; it decodes what is uploaded.
class SoundService final : public v1::SoundService::CallbackService {
 public:
  // All outlive the server.
  SoundService(UploadedSounds& uploaded_sounds, ReadPool& reads, const Authenticator& authenticator)
      : uploaded_sounds_(uploaded_sounds), reads_(reads), authenticator_(authenticator) {}

  grpc::ServerUnaryReactor* CreateSound(grpc::CallbackServerContext* context, const v1::CreateSoundRequest* request,
                                        v1::Sound* response) override;
  grpc::ServerUnaryReactor* ListSounds(grpc::CallbackServerContext* context, const v1::ListSoundsRequest* request,
                                       v1::ListSoundsResponse* response) override;
  grpc::ServerUnaryReactor* GetSound(grpc::CallbackServerContext* context, const v1::GetSoundRequest* request,
                                     v1::Sound* response) override;
  grpc::ServerUnaryReactor* DeleteSound(grpc::CallbackServerContext* context, const v1::DeleteSoundRequest* request,
                                        v1::Sound* response) override;

 private:
  UploadedSounds& uploaded_sounds_;
  ReadPool& reads_;
  const Authenticator& authenticator_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_SOUND_SERVICE_H_
