#ifndef CONTROL_SERVICE_CONFERENCE_SERVICE_H_
#define CONTROL_SERVICE_CONFERENCE_SERVICE_H_

#include "control/core/core.h"
#include "control/service/announcer.h"
#include "control/service/authenticator.h"
#include "control/service/media_streams.h"
#include "control/service/read_pool.h"
#include "tutti/control/v1/conference.grpc.pb.h"

namespace tutti::control {

// tutti.control.v1.ConferenceService over the core.
class ConferenceService final : public v1::ConferenceService::CallbackService {
 public:
  // All outlive the server.
  ConferenceService(Core& core, ReadPool& reads, const Authenticator& authenticator, Announcer& announcer,
                    MediaStreams& streams)
      : core_(core), reads_(reads), authenticator_(authenticator), announcer_(announcer), streams_(streams) {}

  grpc::ServerUnaryReactor* CreateConference(grpc::CallbackServerContext* context,
                                             const v1::CreateConferenceRequest* request,
                                             v1::Conference* response) override;
  grpc::ServerUnaryReactor* ListConferences(grpc::CallbackServerContext* context,
                                            const v1::ListConferencesRequest* request,
                                            v1::ListConferencesResponse* response) override;
  grpc::ServerUnaryReactor* GetConference(grpc::CallbackServerContext* context, const v1::GetConferenceRequest* request,
                                          v1::Conference* response) override;
  grpc::ServerUnaryReactor* ReplaceConference(grpc::CallbackServerContext* context,
                                              const v1::ReplaceConferenceRequest* request,
                                              v1::Conference* response) override;
  grpc::ServerUnaryReactor* UpdateConference(grpc::CallbackServerContext* context,
                                             const v1::UpdateConferenceRequest* request,
                                             v1::Conference* response) override;
  grpc::ServerUnaryReactor* DeleteConference(grpc::CallbackServerContext* context,
                                             const v1::DeleteConferenceRequest* request,
                                             v1::Conference* response) override;
  grpc::ServerUnaryReactor* LockConference(grpc::CallbackServerContext* context,
                                           const v1::LockConferenceRequest* request, v1::Conference* response) override;
  grpc::ServerUnaryReactor* UnlockConference(grpc::CallbackServerContext* context,
                                             const v1::UnlockConferenceRequest* request,
                                             v1::Conference* response) override;
  grpc::ServerUnaryReactor* MuteAll(grpc::CallbackServerContext* context, const v1::MuteAllRequest* request,
                                    v1::Conference* response) override;
  grpc::ServerUnaryReactor* PlayConference(grpc::CallbackServerContext* context,
                                           const v1::PlayConferenceRequest* request, v1::Conference* response) override;
  grpc::ServerUnaryReactor* TalkConference(grpc::CallbackServerContext* context,
                                           const v1::TalkConferenceRequest* request, v1::Conference* response) override;
  grpc::ServerUnaryReactor* StopPlayConference(grpc::CallbackServerContext* context,
                                               const v1::StopPlayConferenceRequest* request,
                                               v1::Conference* response) override;
  grpc::ServerUnaryReactor* StartRecording(grpc::CallbackServerContext* context,
                                           const v1::StartRecordingRequest* request, v1::Conference* response) override;
  grpc::ServerUnaryReactor* StopRecording(grpc::CallbackServerContext* context, const v1::StopRecordingRequest* request,
                                          v1::Conference* response) override;
  grpc::ServerUnaryReactor* PauseRecording(grpc::CallbackServerContext* context,
                                           const v1::PauseRecordingRequest* request, v1::Conference* response) override;
  grpc::ServerUnaryReactor* ResumeRecording(grpc::CallbackServerContext* context,
                                            const v1::ResumeRecordingRequest* request,
                                            v1::Conference* response) override;
  grpc::ServerUnaryReactor* StartTranscribe(grpc::CallbackServerContext* context,
                                            const v1::StartTranscribeRequest* request,
                                            v1::Conference* response) override;
  grpc::ServerUnaryReactor* StopTranscribe(grpc::CallbackServerContext* context,
                                           const v1::StopConferenceTranscribeRequest* request,
                                           v1::Conference* response) override;
  grpc::ServerUnaryReactor* OpenMediaStream(grpc::CallbackServerContext* context,
                                            const v1::OpenMediaStreamRequest* request,
                                            v1::MediaStream* response) override;

 private:
  Core& core_;
  ReadPool& reads_;
  const Authenticator& authenticator_;
  Announcer& announcer_;
  MediaStreams& streams_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_CONFERENCE_SERVICE_H_
