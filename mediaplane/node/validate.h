#ifndef MEDIAPLANE_NODE_VALIDATE_H_
#define MEDIAPLANE_NODE_VALIDATE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::mediaplane {

// The bounds that media_plane.proto sets on what is asked, as INVALID_ARGUMENT.

absl::Status InvalidRequest(const std::string& message);
// FAILED_PRECONDITION: `what` with this id has a tombstone.
absl::Status Removed(const char* reason, const char* what, const std::string& id, int64_t revision);

// `name` says what it is the id of.
absl::Status CheckId(const char* name, const std::string& id);
absl::Status CheckIdAndRevision(const char* name, const std::string& id, int64_t revision);

absl::Status CheckSampleRate(uint32_t sample_rate_hz);

// All but id, revision, offer and the stream's token.
absl::Status CheckLeg(const media::v1::PutLegRequest& request);

absl::Status CheckPlay(const media::v1::PlayAudioRequest& request);
absl::Status CheckTranscription(const media::v1::PutTranscriptionRequest& request);
// All of what it first is.
absl::Status CheckRecording(const media::v1::PutRecordingRequest& request);

absl::Status CheckStop(const media::v1::StopAudioRequest& request);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NODE_VALIDATE_H_
