#include "control/service/transcribe_service.h"

#include <utility>

#include "control/service/reply.h"

namespace tutti::control {

using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

Reactor* TranscribeService::ListTranscribes(Context* context, const v1::ListTranscribesRequest* request,
                                            v1::ListTranscribesResponse* response) {
  return AnswerFrom<v1::ListTranscribesResponse>(
      authenticator_, *context, reads_, response,
      [this, request = *request](const Principal& principal) { return transcribes_.List(principal, request); });
}

Reactor* TranscribeService::GetTranscribe(Context* context, const v1::GetTranscribeRequest* request,
                                          v1::Transcribe* response) {
  return AnswerFrom<v1::Transcribe>(
      authenticator_, *context, reads_, response,
      [this, id = request->id()](const Principal& principal) { return transcribes_.Get(principal, id); });
}

Reactor* TranscribeService::StopTranscribe(Context* context, const v1::StopTranscribeRequest* request,
                                           v1::Transcribe* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Transcribe> done) {
    transcribes_.Stop(principal, request->id(), std::move(done));
  });
}

Reactor* TranscribeService::DeleteTranscribe(Context* context, const v1::DeleteTranscribeRequest* request,
                                             v1::Transcribe* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Transcribe> done) {
    transcribes_.Delete(principal, request->id(), std::move(done));
  });
}

Reactor* TranscribeService::ListTranscripts(Context* context, const v1::ListTranscriptsRequest* request,
                                            v1::ListTranscriptsResponse* response) {
  return AnswerFrom<v1::ListTranscriptsResponse>(authenticator_, *context, reads_, response,
                                                 [this, request = *request](const Principal& principal) {
                                                   return transcribes_.ListTranscripts(principal, request);
                                                 });
}

}  // namespace tutti::control
