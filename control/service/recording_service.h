#ifndef CONTROL_SERVICE_RECORDING_SERVICE_H_
#define CONTROL_SERVICE_RECORDING_SERVICE_H_

#include "control/core/recordings.h"
#include "control/files/recording_files.h"
#include "control/service/authenticator.h"
#include "control/service/read_pool.h"
#include "tutti/control/v1/recording.grpc.pb.h"

namespace tutti::control {

// tutti.control.v1.RecordingService over the core and what reads files.
class RecordingService final : public v1::RecordingService::CallbackService {
 public:
  // All outlive the server.
  RecordingService(Recordings& recordings, ReadPool& reads, const Authenticator& authenticator, RecordingFiles& files)
      : recordings_(recordings), reads_(reads), authenticator_(authenticator), files_(files) {}

  grpc::ServerUnaryReactor* ListRecordings(grpc::CallbackServerContext* context,
                                           const v1::ListRecordingsRequest* request,
                                           v1::ListRecordingsResponse* response) override;
  grpc::ServerUnaryReactor* GetRecording(grpc::CallbackServerContext* context, const v1::GetRecordingRequest* request,
                                         v1::Recording* response) override;
  grpc::ServerUnaryReactor* DeleteRecording(grpc::CallbackServerContext* context,
                                            const v1::DeleteRecordingRequest* request,
                                            v1::Recording* response) override;
  grpc::ServerWriteReactor<google::api::HttpBody>* ReadRecordingFile(
      grpc::CallbackServerContext* context, const v1::ReadRecordingFileRequest* request) override;
  grpc::ServerUnaryReactor* CreateRecordingFileLink(grpc::CallbackServerContext* context,
                                                    const v1::CreateRecordingFileLinkRequest* request,
                                                    v1::RecordingFileLink* response) override;

 private:
  Recordings& recordings_;
  ReadPool& reads_;
  const Authenticator& authenticator_;
  RecordingFiles& files_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_RECORDING_SERVICE_H_
