#ifndef CONTROL_RULES_VALIDATE_H_
#define CONTROL_RULES_VALIDATE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/field_mask.pb.h"
#include "tutti/control/v1/call.pb.h"
#include "tutti/control/v1/conference.pb.h"
#include "tutti/control/v1/conferencecall.pb.h"

namespace tutti::control {

// What the protos' comments say of values; INVALID_ARGUMENT with the field.

absl::Status InvalidParameter(const std::string& field, const std::string& what);
absl::Status CheckId(const std::string& field, const std::string& id);
absl::Status CheckIdempotencyKey(const std::string& key);
// The size asked for, or the default.
absl::StatusOr<int> CheckPageSize(int page_size);

// The editable fields.
absl::Status CheckEditable(const v1::Conference& conference);
absl::Status CheckNewConference(const v1::Conference& conference);
// Of a change: what can't be changed must be absent or the same.
absl::Status CheckUnchanged(const v1::Conference& request, const v1::Conference& stored);
absl::Status CheckUnchanged(const v1::Conferencecall& request, const v1::Conferencecall& stored);
absl::Status CheckEditable(const v1::Conferencecall& conferencecall);
absl::Status CheckVolume(int volume_db);
absl::Status CheckSdpOffer(const std::string& sdp_offer);
// Of a flow or a sound.
absl::Status CheckName(const std::string& name);
absl::Status CheckPresent(const std::string& field, const std::string& value);
absl::Status CheckStartRecording(const v1::StartRecordingRequest& request);
absl::Status CheckStartTranscribe(const v1::StartTranscribeRequest& request);
absl::Status CheckOpenMediaStream(const v1::OpenMediaStreamRequest& request);
absl::Status CheckNewCall(const v1::Call& call);

// Takes the editable fields from `from`: all, or those of the mask (an empty
// mask: those that are set). Output-only fields in the mask are passed over.
absl::Status CopyEditable(const v1::Conference& from, const google::protobuf::FieldMask* mask, v1::Conference& to);
absl::Status CopyEditable(const v1::Conferencecall& from, const google::protobuf::FieldMask& mask,
                          v1::Conferencecall& to);

}  // namespace tutti::control

#endif  // CONTROL_RULES_VALIDATE_H_
