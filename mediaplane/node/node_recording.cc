// Recordings.

#include <optional>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "mediaplane/node/node.h"
#include "mediaplane/node/node_parts.h"
#include "mediaplane/node/validate.h"

namespace tutti::mediaplane {
namespace {

absl::Status NoRecordings() {
  return Error(absl::StatusCode::kFailedPrecondition, "RECORDING_DISABLED",
               "this media node has no folder to record into");
}

}  // namespace

absl::Status Node::LoadRecordings() { return recordings_ == nullptr ? absl::OkStatus() : recordings_->Load(); }

absl::StatusOr<media::v1::RecordingState> Node::PutRecording(const media::v1::PutRecordingRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckRecording(request));
  if (recordings_ == nullptr) return NoRecordings();
  const auto it = bridges_.find(request.bridge_id());
  const auto bridge = it == bridges_.end() ? std::nullopt : std::optional(it->second->slot);
  return recordings_->Put(request, bridge, draining_);
}

absl::StatusOr<media::v1::DeleteRecordingResponse> Node::DeleteRecording(
    const media::v1::DeleteRecordingRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckId("recording", request.recording_id()));
  if (recordings_ != nullptr) recordings_->Delete(request.recording_id());
  return media::v1::DeleteRecordingResponse();
}

absl::StatusOr<Recordings::FileOnDisk> Node::FindRecordingFile(
    const media::v1::ReadRecordingFileRequest& request) const {
  TUTTI_RETURN_IF_ERROR(CheckId("recording", request.recording_id()));
  if (recordings_ == nullptr) return NoRecordings();
  return recordings_->FindFile(request);
}

}  // namespace tutti::mediaplane
