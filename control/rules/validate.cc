#include "control/rules/validate.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/id/id.h"
#include "common/language/language.h"
#include "common/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

namespace tutti::control {
namespace {

constexpr size_t kNameBytesMax = 255;
constexpr size_t kDetailBytesMax = 4'096;
constexpr size_t kDataBytesMax = 16 * 1'024;
constexpr int kDataDepthMax = 32;
constexpr int kTimeoutSecondsMax = 31'536'000;
constexpr int kParticipantsMax = 1'000'000;
constexpr int kConnectParticipants = 2;
constexpr size_t kIdempotencyKeyBytesMax = 128;
constexpr int kPageSizeMax = 100;
constexpr size_t kPartyBytesMax = 255;
constexpr size_t kSdpBytesMax = 16 * 1'024;
constexpr int kMediaTimeoutSecondsMax = 86'400;
constexpr size_t kPinDigitsMax = 16;
constexpr int kRecordingSecondsMax = 86'400;
// RFC 5646 section 4.4.1.
constexpr size_t kLanguageBytesMax = 35;
constexpr size_t kProviderBytesMax = 64;
constexpr int kVolumeDbMin = -30;
constexpr int kVolumeDbMax = 10;

absl::Status Missing(const std::string& field) {
  return Error(absl::StatusCode::kInvalidArgument, "MISSING_REQUEST_PARAMETER", absl::StrCat(field, " is required"),
               {{"field", field}});
}

absl::Status CheckLength(const std::string& field, const std::string& text, size_t bytes_max) {
  if (text.size() <= bytes_max) return absl::OkStatus();
  return InvalidParameter(field, absl::StrCat("has more than ", bytes_max, " bytes"));
}

absl::Status CheckRange(const std::string& field, int64_t value, int64_t min, int64_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return InvalidParameter(field, absl::StrCat("must be ", min, " to ", max));
}

// Samples a second; 0: the default.
absl::Status CheckRate(int rate) {
  return rate == 0 || rate == 8'000 || rate == 16'000 ? absl::OkStatus()
                                                      : InvalidParameter("rate", "must be 8000 or 16000");
}

bool DeeperThan(const google::protobuf::Value& value, int depth_max);

bool DeeperThan(const google::protobuf::Struct& object, int depth_max) {
  if (depth_max == 0) return true;
  return std::any_of(object.fields().begin(), object.fields().end(),
                     [&](const auto& field) { return DeeperThan(field.second, depth_max - 1); });
}

bool DeeperThan(const google::protobuf::Value& value, int depth_max) {
  if (value.kind_case() == google::protobuf::Value::kStructValue) return DeeperThan(value.struct_value(), depth_max);
  if (value.kind_case() != google::protobuf::Value::kListValue) return false;
  if (depth_max == 0) return true;
  const auto& values = value.list_value().values();
  return std::any_of(values.begin(), values.end(),
                     [&](const google::protobuf::Value& item) { return DeeperThan(item, depth_max - 1); });
}

absl::Status CheckData(const google::protobuf::Struct& data) {
  if (DeeperThan(data, kDataDepthMax)) {
    return InvalidParameter("data", absl::StrCat("has more than ", kDataDepthMax, " levels"));
  }
  std::string json;
  // The depth was checked first: this writer recurses.
  if (!google::protobuf::util::MessageToJsonString(data, &json).ok()) {
    return InvalidParameter("data", "can't be written as JSON");
  }
  return CheckLength("data", json, kDataBytesMax);
}

absl::Status CheckPin(const std::string& pin) {
  const bool digits = std::all_of(pin.begin(), pin.end(), [](char c) { return absl::ascii_isdigit(c); });
  if (pin.size() <= kPinDigitsMax && digits) return absl::OkStatus();
  return InvalidParameter("pin", absl::StrCat("must be 1 to ", kPinDigitsMax, " digits"));
}

// The editable fields by name.
const std::set<std::string>& EditableNames(const v1::Conference&) {
  static const auto& names = *new std::set<std::string>{
      "name",        "detail",         "data",        "timeout",      "max_participants", "pin",  "start_on_host",
      "end_on_host", "muted_on_entry", "pre_flow_id", "post_flow_id", "dtmf_menu",        "beeps"};
  return names;
}

const std::set<std::string>& EditableNames(const v1::Conferencecall&) {
  static const auto& names =
      *new std::set<std::string>{"muted", "deaf", "on_hold", "volume_db", "coach_target_id", "host"};
  return names;
}

// Takes one field as it is, also where it is not set.
template <typename Resource>
void CopyField(const google::protobuf::FieldDescriptor& field, const Resource& from, Resource& to) {
  using google::protobuf::FieldDescriptor;
  const auto& reflection = *Resource::GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&to, &field, reflection.GetBool(from, &field));
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.SetInt32(&to, &field, reflection.GetInt32(from, &field));
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.SetString(&to, &field, reflection.GetString(from, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return reflection.MutableMessage(&to, &field)->CopyFrom(reflection.GetMessage(from, &field));
    default:
      return;
  }
}

template <typename Resource>
absl::Status CopyNamed(const Resource& from, const google::protobuf::FieldMask* mask, const char* resource,
                       Resource& to) {
  const auto* descriptor = Resource::descriptor();
  std::set<std::string> names;
  if (mask != nullptr) names.insert(mask->paths().begin(), mask->paths().end());
  for (const std::string& name : names) {
    if (descriptor->FindFieldByName(name) != nullptr) continue;
    return InvalidParameter("update_mask", absl::StrCat("names ", name, ", which a ", resource, " has not"));
  }
  for (const std::string& name : EditableNames(to)) {
    const auto* field = descriptor->FindFieldByName(name);
    const bool wanted =
        mask == nullptr || (names.empty() ? Resource::GetReflection()->HasField(from, field) : names.contains(name));
    if (wanted) CopyField(*field, from, to);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status InvalidParameter(const std::string& field, const std::string& what) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", absl::StrCat(field, " ", what),
               {{"field", field}});
}

absl::Status CheckId(const std::string& field, const std::string& id) {
  if (IsUuid(id)) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_ID",
               absl::StrCat(field, " must be a UUID in lower case, 8-4-4-4-12 digits"), {{"field", field}});
}

absl::Status CheckIdempotencyKey(const std::string& key) {
  const bool printable = std::all_of(key.begin(), key.end(), [](char c) { return absl::ascii_isprint(c); });
  if (key.size() <= kIdempotencyKeyBytesMax && printable) return absl::OkStatus();
  return InvalidParameter("idempotency-key",
                          absl::StrCat("must be 1 to ", kIdempotencyKeyBytesMax, " printable ASCII characters"));
}

absl::StatusOr<int> CheckPageSize(int page_size) {
  if (page_size == 0) return kPageSizeMax;
  TUTTI_RETURN_IF_ERROR(CheckRange("page_size", page_size, 1, kPageSizeMax));
  return page_size;
}

absl::Status CheckEditable(const v1::Conference& conference) {
  TUTTI_RETURN_IF_ERROR(CheckLength("name", conference.name(), kNameBytesMax));
  TUTTI_RETURN_IF_ERROR(CheckLength("detail", conference.detail(), kDetailBytesMax));
  TUTTI_RETURN_IF_ERROR(CheckData(conference.data()));
  TUTTI_RETURN_IF_ERROR(CheckPin(conference.pin()));
  if (!conference.pre_flow_id().empty()) TUTTI_RETURN_IF_ERROR(CheckId("pre_flow_id", conference.pre_flow_id()));
  if (!conference.post_flow_id().empty()) TUTTI_RETURN_IF_ERROR(CheckId("post_flow_id", conference.post_flow_id()));
  TUTTI_RETURN_IF_ERROR(CheckRange("timeout", conference.timeout(), 0, kTimeoutSecondsMax));
  if (conference.type() != v1::Conference::TYPE_CONNECT) {
    return CheckRange("max_participants", conference.max_participants(), 0, kParticipantsMax);
  }
  if (conference.max_participants() == 0 || conference.max_participants() == kConnectParticipants) {
    return absl::OkStatus();
  }
  return InvalidParameter("max_participants", "of a connect conference is 2");
}

absl::Status CheckNewConference(const v1::Conference& conference) {
  if (!conference.id().empty()) TUTTI_RETURN_IF_ERROR(CheckId("id", conference.id()));
  if (!v1::Conference::Type_IsValid(conference.type())) return InvalidParameter("type", "is not known");
  return CheckEditable(conference);
}

absl::Status CheckUnchanged(const v1::Conference& request, const v1::Conference& stored) {
  if (request.type() != v1::Conference::TYPE_UNSPECIFIED && request.type() != stored.type()) {
    return InvalidParameter("type", "can't be changed");
  }
  if (!request.customer_id().empty() && request.customer_id() != stored.customer_id()) {
    return InvalidParameter("customer_id", "can't be changed");
  }
  return absl::OkStatus();
}

absl::Status CheckUnchanged(const v1::Conferencecall& request, const v1::Conferencecall& stored) {
  if (!request.customer_id().empty() && request.customer_id() != stored.customer_id()) {
    return InvalidParameter("customer_id", "can't be changed");
  }
  return absl::OkStatus();
}

absl::Status CheckEditable(const v1::Conferencecall& conferencecall) {
  TUTTI_RETURN_IF_ERROR(CheckVolume(conferencecall.volume_db()));
  if (conferencecall.coach_target_id().empty()) return absl::OkStatus();
  return CheckId("coach_target_id", conferencecall.coach_target_id());
}

absl::Status CheckVolume(int volume_db) { return CheckRange("volume_db", volume_db, kVolumeDbMin, kVolumeDbMax); }

absl::Status CheckSdpOffer(const std::string& sdp_offer) {
  return sdp_offer.empty() ? Missing("sdp_offer") : CheckLength("sdp_offer", sdp_offer, kSdpBytesMax);
}

absl::Status CheckName(const std::string& name) { return CheckLength("name", name, kNameBytesMax); }
absl::Status CheckPresent(const std::string& field, const std::string& value) {
  return value.empty() ? Missing(field) : absl::OkStatus();
}

absl::Status CheckStartRecording(const v1::StartRecordingRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", request.id()));
  if (!v1::Recording::Format_IsValid(request.format())) return InvalidParameter("format", "is not known");
  TUTTI_RETURN_IF_ERROR(CheckRange("duration", request.duration(), 0, kRecordingSecondsMax));
  return CheckRate(request.rate());
}

absl::Status CheckStartTranscribe(const v1::StartTranscribeRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", request.id()));
  TUTTI_RETURN_IF_ERROR(CheckPresent("language", request.language()));
  TUTTI_RETURN_IF_ERROR(CheckLength("language", request.language(), kLanguageBytesMax));
  if (!IsLanguageTag(request.language())) return InvalidParameter("language", "is no BCP 47 tag, as en-US");
  return CheckLength("provider", request.provider(), kProviderBytesMax);
}

absl::Status CheckOpenMediaStream(const v1::OpenMediaStreamRequest& request) {
  TUTTI_RETURN_IF_ERROR(CheckId("id", request.id()));
  if (!v1::OpenMediaStreamRequest::Direction_IsValid(request.direction())) {
    return InvalidParameter("direction", "is not known");
  }
  TUTTI_RETURN_IF_ERROR(CheckLength("source", request.source(), kPartyBytesMax));
  TUTTI_RETURN_IF_ERROR(CheckPin(request.pin()));
  return CheckRate(request.rate());
}

absl::Status CheckNewCall(const v1::Call& call) {
  if (call.type() == v1::Call::TYPE_UNSPECIFIED) return Missing("type");
  if (!v1::Call::Type_IsValid(call.type())) return InvalidParameter("type", "is not known");
  if (call.type() == v1::Call::TYPE_WEBSOCKET) {
    return InvalidParameter("type", "websocket is of calls that GET /v1/conferences/{id}/media_stream makes");
  }
  TUTTI_RETURN_IF_ERROR(CheckLength("source", call.source(), kPartyBytesMax));
  TUTTI_RETURN_IF_ERROR(CheckLength("destination", call.destination(), kPartyBytesMax));
  TUTTI_RETURN_IF_ERROR(CheckSdpOffer(call.sdp_offer()));
  if (!call.flow_id().empty()) {
    TUTTI_RETURN_IF_ERROR(CheckId("flow_id", call.flow_id()));
    if (!call.actions().empty()) return InvalidParameter("flow_id", "can't be given with actions");
  }
  return CheckRange("media_timeout", call.media_timeout(), 0, kMediaTimeoutSecondsMax);
}

absl::Status CopyEditable(const v1::Conference& from, const google::protobuf::FieldMask* mask, v1::Conference& to) {
  TUTTI_RETURN_IF_ERROR(CopyNamed(from, mask, "conference", to));
  if (to.type() == v1::Conference::TYPE_CONNECT && to.max_participants() == 0) {
    to.set_max_participants(kConnectParticipants);
  }
  return absl::OkStatus();
}

absl::Status CopyEditable(const v1::Conferencecall& from, const google::protobuf::FieldMask& mask,
                          v1::Conferencecall& to) {
  return CopyNamed(from, &mask, "conferencecall", to);
}

}  // namespace tutti::control
