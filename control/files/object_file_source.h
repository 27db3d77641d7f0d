#ifndef CONTROL_FILES_OBJECT_FILE_SOURCE_H_
#define CONTROL_FILES_OBJECT_FILE_SOURCE_H_

#include <memory>

#include "common/s3/bucket.h"
#include "control/files/file_source.h"

namespace tutti::control {

// Files in the object store: "RECORDING_ID/NAME".
class ObjectFileSource final : public FileSource {
 public:
  // Null: none is configured, though files were uploaded once.
  explicit ObjectFileSource(s3::Bucket* bucket) : bucket_(bucket) {}

  absl::Status Read(const FileRef& file, int64_t offset, int64_t length, const Sink& sink,
                    Cancellation& cancellation) override;

 private:
  s3::Bucket* const bucket_;
};

}  // namespace tutti::control

#endif  // CONTROL_FILES_OBJECT_FILE_SOURCE_H_
