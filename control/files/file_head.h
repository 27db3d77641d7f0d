#ifndef CONTROL_FILES_FILE_HEAD_H_
#define CONTROL_FILES_FILE_HEAD_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "tutti/control/v1/recording.pb.h"

namespace tutti::control {

// The headers of a request for a file; empty: not there.
struct FileConditions {
  // HEAD: ranges mean nothing to it.
  bool head = false;
  std::string range = {};
  std::string if_range = {};
  std::string if_none_match = {};
};

// How a file that is there is answered (RFC 9110 sections 13 and 14): 200, 206, 304
// or 416. It never changes, so its id and size are a strong ETag.
struct FileHead {
  int status = 200;
  // Of the bytes that follow; 0 for 304 and 416.
  int64_t offset = 0;
  int64_t length = 0;
  // Metadata as in common/rpc/http_body.h.
  std::vector<std::pair<std::string, std::string>> metadata;
};

FileHead MakeFileHead(const v1::RecordingFile& file, absl::Time modified, const FileConditions& conditions);

}  // namespace tutti::control

#endif  // CONTROL_FILES_FILE_HEAD_H_
