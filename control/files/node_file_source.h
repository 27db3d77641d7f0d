#ifndef CONTROL_FILES_NODE_FILE_SOURCE_H_
#define CONTROL_FILES_NODE_FILE_SOURCE_H_

#include <map>
#include <memory>
#include <string>

#include "common/tls/tls.h"
#include "control/files/file_source.h"
#include "tutti/media/v1/media_plane.grpc.pb.h"

namespace tutti::control {

// Files in media nodes' data directories.
class NodeFileSource final : public FileSource {
 public:
  // Addresses by node id; with `tls` a node and we verify each other.
  NodeFileSource(const std::map<std::string, std::string>& nodes, const std::shared_ptr<const Tls>& tls);

  absl::Status Read(const FileRef& file, int64_t offset, int64_t length, const Sink& sink,
                    Cancellation& cancellation) override;

 private:
  std::map<std::string, std::unique_ptr<media::v1::MediaPlane::Stub>> stubs_;
};

}  // namespace tutti::control

#endif  // CONTROL_FILES_NODE_FILE_SOURCE_H_
