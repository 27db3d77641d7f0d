#include "control/core/validate_webhook.h"

#include <openssl/rand.h>

#include <cstdlib>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/event_types.h"
#include "control/rules/validate.h"

namespace tutti::control {
namespace {

constexpr size_t kNameBytesMax = 255;
constexpr int kEventTypesMax = 64;
constexpr char kSecretPrefix[] = "whsec_";
constexpr size_t kSecretBytesMin = 24;
constexpr size_t kSecretBytesMax = 64;
constexpr size_t kSecretBytesMade = 32;

// Takes one editable field; false: there is none of this name.
bool CopyField(const std::string& name, const v1::Webhook& from, v1::Webhook& to) {
  if (name == "name") {
    to.set_name(from.name());
  } else if (name == "uri") {
    to.set_uri(from.uri());
  } else if (name == "event_types") {
    *to.mutable_event_types() = from.event_types();
  } else if (name == "secret") {
    to.set_secret(from.secret());
  } else if (name == "enabled") {
    to.set_enabled(!from.has_enabled() || from.enabled());
  } else {
    return false;
  }
  return true;
}

bool IsSet(const v1::Webhook& webhook, const google::protobuf::FieldDescriptor& field) {
  const auto& reflection = *webhook.GetReflection();
  return field.is_repeated() ? reflection.FieldSize(webhook, &field) > 0 : reflection.HasField(webhook, &field);
}

}  // namespace

absl::Status CheckEditable(const v1::Webhook& webhook, const CheckUrl& check_url) {
  if (webhook.name().size() > kNameBytesMax) {
    return InvalidParameter("name", absl::StrCat("has more than ", kNameBytesMax, " bytes"));
  }
  if (webhook.uri().empty()) {
    return Error(absl::StatusCode::kInvalidArgument, "MISSING_REQUEST_PARAMETER", "uri is required",
                 {{"field", "uri"}});
  }
  if (const absl::Status url = check_url(webhook.uri()); !url.ok()) {
    return Error(absl::StatusCode::kInvalidArgument, "URL_NOT_ALLOWED",
                 absl::StrCat("uri ", std::string(url.message())), {{"field", "uri"}});
  }
  if (webhook.event_types_size() > kEventTypesMax) {
    return InvalidParameter("event_types", absl::StrCat("has more than ", kEventTypesMax, " types"));
  }
  std::set<std::string> seen;
  for (const std::string& type : webhook.event_types()) {
    if (!IsEventType(type)) return InvalidParameter("event_types", absl::StrCat("names no type of events: ", type));
    if (!seen.insert(type).second) return InvalidParameter("event_types", absl::StrCat("names ", type, " twice"));
  }
  if (!DecodeWebhookSecret(webhook.secret()).empty()) return absl::OkStatus();
  return InvalidParameter("secret", absl::StrCat("must be ", kSecretPrefix, " and the Base64 of ", kSecretBytesMin,
                                                 " to ", kSecretBytesMax, " bytes"));
}

absl::Status CheckUnchanged(const v1::Webhook& request, const v1::Webhook& stored) {
  if (request.customer_id().empty() || request.customer_id() == stored.customer_id()) return absl::OkStatus();
  return InvalidParameter("customer_id", "can't be changed");
}

absl::Status CopyEditable(const v1::Webhook& from, const google::protobuf::FieldMask* mask, v1::Webhook& to) {
  const auto* descriptor = v1::Webhook::descriptor();
  if (mask != nullptr && !mask->paths().empty()) {
    for (const std::string& path : mask->paths()) {
      if (descriptor->FindFieldByName(path) == nullptr) {
        return InvalidParameter("update_mask", absl::StrCat("names ", path, ", which a webhook has not"));
      }
      CopyField(path, from, to);
    }
    return absl::OkStatus();
  }
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    const bool is_wanted = mask == nullptr && field->name() != "secret";
    if (is_wanted || IsSet(from, *field)) CopyField(field->name(), from, to);
  }
  return absl::OkStatus();
}

std::string MakeWebhookSecret() {
  std::string bytes(kSecretBytesMade, 0);
  // Fails only where the system has no random source at all.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) != 1) std::abort();
  return absl::StrCat(kSecretPrefix, absl::Base64Escape(bytes));
}

std::string DecodeWebhookSecret(const std::string& secret) {
  std::string bytes;
  if (!absl::StartsWith(secret, kSecretPrefix) ||
      !absl::Base64Unescape(secret.substr(sizeof(kSecretPrefix) - 1), &bytes) || bytes.size() < kSecretBytesMin ||
      bytes.size() > kSecretBytesMax) {
    return "";
  }
  return bytes;
}

}  // namespace tutti::control
