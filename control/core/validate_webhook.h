#ifndef CONTROL_CORE_VALIDATE_WEBHOOK_H_
#define CONTROL_CORE_VALIDATE_WEBHOOK_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/field_mask.pb.h"
#include "tutti/control/v1/webhook.pb.h"

namespace tutti::control {

// What the protos' comments say of values; INVALID_ARGUMENT with the field.

// HttpClient::CheckUrl.
using CheckUrl = std::function<absl::Status(const std::string&)>;

// The editable fields, the secret there.
absl::Status CheckEditable(const v1::Webhook& webhook, const CheckUrl& check_url);
// Of a change: what can't be changed must be absent or the same.
absl::Status CheckUnchanged(const v1::Webhook& request, const v1::Webhook& stored);

// Takes the editable fields from `from`: all, but no secret that is absent, or
// those of the mask (an empty mask: those that are set).
absl::Status CopyEditable(const v1::Webhook& from, const google::protobuf::FieldMask* mask, v1::Webhook& to);

// "whsec_" and Base64 of 32 bytes of the system's random source.
std::string MakeWebhookSecret();
// The bytes to sign with; empty: it is no secret.
std::string DecodeWebhookSecret(const std::string& secret);

}  // namespace tutti::control

#endif  // CONTROL_CORE_VALIDATE_WEBHOOK_H_
