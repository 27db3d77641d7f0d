#ifndef CONTROL_SERVICE_TRANSCRIBE_SERVICE_H_
#define CONTROL_SERVICE_TRANSCRIBE_SERVICE_H_

#include "control/core/transcribes.h"
#include "control/export/transcribe_export.h"
#include "control/service/authenticator.h"
#include "control/service/read_pool.h"
#include "tutti/control/v1/transcribe.grpc.pb.h"

namespace tutti::control {

// tutti.control.v1.TranscribeService over the core.
class TranscribeService final : public v1::TranscribeService::CallbackService {
 public:
  // All outlive the server.
  TranscribeService(Transcribes& transcribes, ReadPool& reads, const Authenticator& authenticator,
                    TranscribeExport& texts)
      : transcribes_(transcribes), reads_(reads), authenticator_(authenticator), texts_(texts) {}

  grpc::ServerUnaryReactor* ListTranscribes(grpc::CallbackServerContext* context,
                                            const v1::ListTranscribesRequest* request,
                                            v1::ListTranscribesResponse* response) override;
  grpc::ServerUnaryReactor* GetTranscribe(grpc::CallbackServerContext* context, const v1::GetTranscribeRequest* request,
                                          v1::Transcribe* response) override;
  grpc::ServerUnaryReactor* StopTranscribe(grpc::CallbackServerContext* context,
                                           const v1::StopTranscribeRequest* request, v1::Transcribe* response) override;
  grpc::ServerUnaryReactor* DeleteTranscribe(grpc::CallbackServerContext* context,
                                             const v1::DeleteTranscribeRequest* request,
                                             v1::Transcribe* response) override;
  grpc::ServerUnaryReactor* ListTranscripts(grpc::CallbackServerContext* context,
                                            const v1::ListTranscriptsRequest* request,
                                            v1::ListTranscriptsResponse* response) override;
  grpc::ServerWriteReactor<google::api::HttpBody>* ExportTranscribe(
      grpc::CallbackServerContext* context, const v1::ExportTranscribeRequest* request) override {
    return texts_.Export(context, request);
  }

 private:
  Transcribes& transcribes_;
  ReadPool& reads_;
  const Authenticator& authenticator_;
  TranscribeExport& texts_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_TRANSCRIBE_SERVICE_H_
