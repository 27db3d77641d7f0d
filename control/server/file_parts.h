#ifndef CONTROL_SERVER_FILE_PARTS_H_
#define CONTROL_SERVER_FILE_PARTS_H_

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/s3/bucket.h"
#include "common/tls/tls.h"
#include "control/core/core.h"
#include "control/export/transcribe_export.h"
#include "control/files/downloads.h"
#include "control/files/file_links.h"
#include "control/files/file_metrics.h"
#include "control/files/node_file_source.h"
#include "control/files/object_deleter.h"
#include "control/files/object_file_source.h"
#include "control/files/recording_files.h"
#include "control/service/authenticator.h"
#include "control/store/store.h"
#include "prometheus/registry.h"

namespace tutti::control {

// What answers files: of recordings, from where they are, and of texts.
class FileParts {
 public:
  struct Options {
    // Addresses of media nodes by id; with `tls` they and we verify each other.
    std::map<std::string, std::string> media_nodes;
    std::shared_ptr<const Tls> tls;
    // Nothing: recordings stay at media nodes.
    std::optional<s3::BucketOptions> object_store;
  };

  // All outlive it. An error is one sentence for the operator.
  static absl::StatusOr<std::unique_ptr<FileParts>> Make(const Options& options, Core& core, Store& store, Clock& clock,
                                                         const Authenticator& authenticator,
                                                         prometheus::Registry& registry);

  RecordingFiles& recordings() { return recordings_; }
  TranscribeExport& texts() { return texts_; }

  // Deletes what shall go from the object store. Thread-safe; does not block.
  void OnCommit(const Effects& effects);
  // After the server, whose end has told those who read.
  void Stop();

 private:
  FileParts(const Options& options, std::unique_ptr<s3::Bucket> bucket, std::string secret, Core& core, Clock& clock,
            const Authenticator& authenticator, prometheus::Registry& registry);

  // Null: there is no object store.
  const std::unique_ptr<s3::Bucket> bucket_;
  const FileLinks links_;
  FileMetrics metrics_;
  NodeFileSource nodes_;
  ObjectFileSource objects_;
  // Null as the bucket.
  std::unique_ptr<ObjectDeleter> deleter_;
  Downloads downloads_;
  RecordingFiles recordings_;
  TranscribeExport texts_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVER_FILE_PARTS_H_
