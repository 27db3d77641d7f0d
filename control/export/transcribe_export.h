#ifndef CONTROL_EXPORT_TRANSCRIBE_EXPORT_H_
#define CONTROL_EXPORT_TRANSCRIBE_EXPORT_H_

#include <functional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "control/core/principal.h"
#include "control/files/body_reply.h"
#include "control/files/downloads.h"
#include "control/service/authenticator.h"
#include "tutti/control/v1/transcribe.pb.h"

namespace tutti::control {

// TranscribeService.ExportTranscribe: reads the texts page by page while the client
// takes them. Thread-safe.
class TranscribeExport {
 public:
  // Both block.
  using ListPage =
      std::function<absl::StatusOr<v1::ListTranscriptsResponse>(const Principal&, const v1::ListTranscriptsRequest&)>;
  // Where a participant's call comes from, for people; empty: it doesn't say.
  using FindSource = std::function<std::string(const Principal&, const std::string& conferencecall_id)>;

  // All outlive it.
  TranscribeExport(ListPage list_page, FindSource find_source, const Authenticator& authenticator, Downloads& downloads)
      : list_page_(std::move(list_page)),
        find_source_(std::move(find_source)),
        authenticator_(authenticator),
        downloads_(downloads) {}

  grpc::ServerWriteReactor<google::api::HttpBody>* Export(grpc::CallbackServerContext* context,
                                                          const v1::ExportTranscribeRequest* request);

 private:
  absl::Status Answer(const Principal& principal, const v1::ExportTranscribeRequest& request, bool head_only,
                      BodyReply& reply);

  const ListPage list_page_;
  const FindSource find_source_;
  const Authenticator& authenticator_;
  Downloads& downloads_;
};

}  // namespace tutti::control

#endif  // CONTROL_EXPORT_TRANSCRIBE_EXPORT_H_
