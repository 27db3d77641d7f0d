#include "control/service/recording_service.h"

#include <utility>

#include "control/service/reply.h"

namespace tutti::control {

using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

Reactor* RecordingService::ListRecordings(Context* context, const v1::ListRecordingsRequest* request,
                                          v1::ListRecordingsResponse* response) {
  return AnswerFrom<v1::ListRecordingsResponse>(
      authenticator_, *context, reads_, response,
      [this, request = *request](const Principal& principal) { return recordings_.List(principal, request); });
}

Reactor* RecordingService::GetRecording(Context* context, const v1::GetRecordingRequest* request,
                                        v1::Recording* response) {
  return AnswerFrom<v1::Recording>(
      authenticator_, *context, reads_, response,
      [this, id = request->id()](const Principal& principal) { return recordings_.Get(principal, id); });
}

Reactor* RecordingService::DeleteRecording(Context* context, const v1::DeleteRecordingRequest* request,
                                           v1::Recording* response) {
  return AnswerLater(authenticator_, *context, response, [&](const Principal& principal, Done<v1::Recording> done) {
    recordings_.Delete(principal, request->id(), std::move(done));
  });
}

grpc::ServerWriteReactor<google::api::HttpBody>* RecordingService::ReadRecordingFile(
    Context* context, const v1::ReadRecordingFileRequest* request) {
  return files_.Read(context, request);
}

Reactor* RecordingService::CreateRecordingFileLink(Context* context, const v1::CreateRecordingFileLinkRequest* request,
                                                   v1::RecordingFileLink* response) {
  return AnswerFrom<v1::RecordingFileLink>(
      authenticator_, *context, reads_, response,
      [this, request = *request](const Principal& principal) { return files_.MakeLink(principal, request); });
}

}  // namespace tutti::control
