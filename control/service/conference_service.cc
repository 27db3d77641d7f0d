#include "control/service/conference_service.h"

#include "control/service/reply.h"
#include "control/service/request.h"

namespace tutti::control {

using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

Reactor* ConferenceService::CreateConference(Context* context, const v1::CreateConferenceRequest* request,
                                             v1::Conference* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Conference> done) {
    const auto key = GetIdempotencyKey(*context);
    if (!key.ok()) return done(key.status());
    core_.conferences().Create(principal, *request, *key, std::move(done));
  });
}

Reactor* ConferenceService::ListConferences(Context* context, const v1::ListConferencesRequest* request,
                                            v1::ListConferencesResponse* response) {
  return AnswerFrom<v1::ListConferencesResponse>(
      authenticator_, *context, reads_, response,
      [this, request = *request](const Principal& principal) { return core_.conferences().List(principal, request); });
}

Reactor* ConferenceService::GetConference(Context* context, const v1::GetConferenceRequest* request,
                                          v1::Conference* response) {
  return AnswerFrom<v1::Conference>(
      authenticator_, *context, reads_, response,
      [this, id = request->id()](const Principal& principal) { return core_.conferences().Get(principal, id); });
}

Reactor* ConferenceService::ReplaceConference(Context* context, const v1::ReplaceConferenceRequest* request,
                                              v1::Conference* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Conference> done) {
    core_.conferences().Replace(principal, *request, std::move(done));
  });
}

Reactor* ConferenceService::UpdateConference(Context* context, const v1::UpdateConferenceRequest* request,
                                             v1::Conference* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Conference> done) {
    core_.conferences().Update(principal, *request, std::move(done));
  });
}

Reactor* ConferenceService::DeleteConference(Context* context, const v1::DeleteConferenceRequest* request,
                                             v1::Conference* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Conference> done) {
    core_.conferences().Delete(principal, request->id(), std::move(done));
  });
}

Reactor* ConferenceService::LockConference(Context* context, const v1::LockConferenceRequest* request,
                                           v1::Conference* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Conference> done) {
    core_.conferences().SetLocked(principal, request->id(), true, std::move(done));
  });
}

Reactor* ConferenceService::UnlockConference(Context* context, const v1::UnlockConferenceRequest* request,
                                             v1::Conference* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Conference> done) {
    core_.conferences().SetLocked(principal, request->id(), false, std::move(done));
  });
}

Reactor* ConferenceService::MuteAll(Context* context, const v1::MuteAllRequest* request, v1::Conference* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Conference> done) {
    const bool muted = !request->has_muted() || request->muted();
    core_.conferences().MuteAll(principal, request->id(), muted, std::move(done));
  });
}

Reactor* ConferenceService::PlayConference(Context* context, const v1::PlayConferenceRequest* request,
                                           v1::Conference* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Conference> done) {
    announcer_.Play(principal, *request, std::move(done));
  });
}

Reactor* ConferenceService::TalkConference(Context* context, const v1::TalkConferenceRequest* request,
                                           v1::Conference* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Conference> done) {
    announcer_.Talk(principal, *request, std::move(done));
  });
}

Reactor* ConferenceService::StopPlayConference(Context* context, const v1::StopPlayConferenceRequest* request,
                                               v1::Conference* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Conference> done) {
    announcer_.Stop(principal, *request, std::move(done));
  });
}

Reactor* ConferenceService::StartRecording(Context* context, const v1::StartRecordingRequest* request,
                                           v1::Conference* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Conference> done) {
    core_.recordings().Start(principal, *request, std::move(done));
  });
}

Reactor* ConferenceService::StopRecording(Context* context, const v1::StopRecordingRequest* request,
                                          v1::Conference* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Conference> done) {
    core_.recordings().Stop(principal, request->id(), std::move(done));
  });
}

Reactor* ConferenceService::PauseRecording(Context* context, const v1::PauseRecordingRequest* request,
                                           v1::Conference* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Conference> done) {
    core_.recordings().Pause(principal, request->id(), true, std::move(done));
  });
}

Reactor* ConferenceService::ResumeRecording(Context* context, const v1::ResumeRecordingRequest* request,
                                            v1::Conference* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Conference> done) {
    core_.recordings().Pause(principal, request->id(), false, std::move(done));
  });
}

Reactor* ConferenceService::StartTranscribe(Context* context, const v1::StartTranscribeRequest* request,
                                            v1::Conference* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Conference> done) {
    core_.transcribes().Start(principal, *request, std::move(done));
  });
}

Reactor* ConferenceService::StopTranscribe(Context* context, const v1::StopConferenceTranscribeRequest* request,
                                           v1::Conference* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Conference> done) {
    core_.transcribes().StopOf(principal, request->id(), std::move(done));
  });
}

Reactor* ConferenceService::OpenMediaStream(Context* context, const v1::OpenMediaStreamRequest* request,
                                            v1::MediaStream* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::MediaStream> done) {
    streams_.Open(principal, *request, std::move(done));
  });
}

}  // namespace tutti::control
