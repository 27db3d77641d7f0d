#include "control/files/object_file_source.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::control {
namespace {

// As media nodes send them; libcurl gives less at a time.
constexpr size_t kPieceBytes = 256 * 1024;

}  // namespace

absl::Status ObjectFileSource::Read(const FileRef& file, int64_t offset, int64_t length, const Sink& sink,
                                    Cancellation& cancellation) {
  if (bucket_ == nullptr) {
    return Error(absl::StatusCode::kUnavailable, "OBJECT_STORE_UNAVAILABLE",
                 "The file is in the object store, and none is configured.");
  }
  std::string piece;
  const auto gather = [&](std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view part = bytes.substr(0, kPieceBytes - piece.size());
      piece.append(part);
      bytes.remove_prefix(part.size());
      if (piece.size() == kPieceBytes && !sink(std::exchange(piece, ""))) return false;
    }
    return true;
  };
  TUTTI_RETURN_IF_ERROR(bucket_->Get(absl::StrCat(file.recording_id, "/", file.name), offset, length, gather,
                                     [&cancellation] { return cancellation.cancelled(); }));
  if (!piece.empty() && !sink(std::move(piece))) return absl::CancelledError("no more is wanted");
  return absl::OkStatus();
}

}  // namespace tutti::control
