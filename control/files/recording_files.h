#ifndef CONTROL_FILES_RECORDING_FILES_H_
#define CONTROL_FILES_RECORDING_FILES_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "control/core/principal.h"
#include "control/core/stored_files.h"
#include "control/files/body_reply.h"
#include "control/files/downloads.h"
#include "control/files/file_head.h"
#include "control/files/file_links.h"
#include "control/files/file_metrics.h"
#include "control/files/file_source.h"
#include "control/service/authenticator.h"
#include "tutti/control/v1/recording.pb.h"

namespace tutti::control {

// RecordingService's methods of files. Thread-safe.
class RecordingFiles {
 public:
  // StoredFiles::Find.
  using Find = std::function<absl::StatusOr<StoredFile>(const std::string& file_id)>;

  struct Parts {
    Find find;
    const Authenticator& authenticator;
    const FileLinks& links;
    Clock& clock;
    Downloads& downloads;
    FileSource& nodes;
    FileSource& objects;
    FileMetrics& metrics;
  };

  // All outlive it.
  explicit RecordingFiles(Parts parts) : parts_(std::move(parts)) {}

  grpc::ServerWriteReactor<google::api::HttpBody>* Read(grpc::CallbackServerContext* context,
                                                        const v1::ReadRecordingFileRequest* request);

  // Blocks.
  absl::StatusOr<v1::RecordingFileLink> MakeLink(const Principal& principal,
                                                 const v1::CreateRecordingFileLinkRequest& request);

 private:
  struct Wish {
    std::string file_id;
    // Nothing: a link's word is enough.
    std::optional<std::string> customer_id;
    FileConditions conditions;
  };

  absl::StatusOr<StoredFile> FindOf(const std::string& file_id, const std::optional<std::string>& customer_id);
  absl::Status Answer(const Wish& wish, BodyReply& reply);
  absl::Status Send(const StoredFile& stored, const FileHead& head, BodyReply& reply, bool& begun);

  const Parts parts_;
};

}  // namespace tutti::control

#endif  // CONTROL_FILES_RECORDING_FILES_H_
