// Transcriptions.

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "mediaplane/node/node.h"
#include "mediaplane/node/node_parts.h"
#include "mediaplane/node/validate.h"

namespace tutti::mediaplane {

absl::StatusOr<media::v1::TranscriptionState> Node::PutTranscription(
    const media::v1::PutTranscriptionRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckTranscription(request));
  if (transcriptions_ == nullptr) return absl::UnimplementedError("this node transcribes nothing");
  if (const media::v1::TranscriptionState* known = transcriptions_->Find(request.transcription_id())) {
    if (request.revision() <= known->revision()) return *known;
    return transcriptions_->Change(request);
  }
  if (request.wanted() == media::v1::PutTranscriptionRequest::WANTED_STOP) return transcriptions_->Change(request);
  TUTTI_RETURN_IF_ERROR(CheckDraining());
  const auto bridge = bridges_.find(request.bridge_id());
  if (bridge == bridges_.end()) {
    return Error(absl::StatusCode::kFailedPrecondition, "BRIDGE_NOT_FOUND",
                 absl::StrCat("bridge ", request.bridge_id(), " is not on this node"));
  }
  return transcriptions_->Begin(request, bridge->second->slot);
}

}  // namespace tutti::mediaplane
