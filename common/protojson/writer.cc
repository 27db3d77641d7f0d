#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/protojson/names.h"
#include "common/protojson/protojson.h"
#include "common/protojson/scalar.h"
#include "google/protobuf/struct.pb.h"
#include "nlohmann/json.hpp"

namespace tutti::protojson {
namespace {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::ListValue;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Struct;
using google::protobuf::Value;

// Objects in objects; more is cut to null. A reader's messages are far below.
constexpr int kDepthMax = 100;

template <typename Real>
void AppendReal(Real value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
  } else if (std::abs(value) <= static_cast<Real>(kExactMax) && std::trunc(value) == value) {
    absl::StrAppend(&out, static_cast<int64_t>(value));
  } else {
    char text[32];
    // Digits alone would read as an integer that is not exact.
    const bool huge = std::abs(value) > static_cast<Real>(kExactMax);
    const auto end = huge ? std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific)
                          : std::to_chars(text, text + sizeof(text), value);
    out.append(text, end.ptr);
  }
}

void AppendString(const std::string& text, std::string& out) {
  out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// A message of a generated class as it is, of a dynamic one by a copy.
template <typename T, typename Use>
void With(const Message& message, Use use) {
  if (const T* same = google::protobuf::DynamicCastToGenerated<T>(&message)) {
    use(*same);
  } else {
    T copy;
    copy.ParseFromString(message.SerializeAsString());
    use(copy);
  }
}

void AppendValue(const Value& value, int depth, std::string& out);

void AppendList(const ListValue& list, int depth, std::string& out) {
  out += '[';
  for (int i = 0; i < list.values_size(); ++i) {
    if (i > 0) out += ',';
    AppendValue(list.values(i), depth + 1, out);
  }
  out += ']';
}

void AppendStruct(const Struct& object, int depth, std::string& out) {
  // A map has no order; equal messages shall give equal text.
  std::vector<std::pair<const std::string*, const Value*>> members;
  for (const auto& [key, value] : object.fields()) members.emplace_back(&key, &value);
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return *a.first < *b.first; });
  out += '{';
  for (size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += ',';
    AppendString(*members[i].first, out);
    out += ':';
    AppendValue(*members[i].second, depth + 1, out);
  }
  out += '}';
}

void AppendValue(const Value& value, int depth, std::string& out) {
  if (depth > kDepthMax) {
    out += "null";
    return;
  }
  switch (value.kind_case()) {
    case Value::kBoolValue:
      out += value.bool_value() ? "true" : "false";
      return;
    case Value::kNumberValue:
      return AppendReal(value.number_value(), out);
    case Value::kStringValue:
      return AppendString(value.string_value(), out);
    case Value::kStructValue:
      return AppendStruct(value.struct_value(), depth, out);
    case Value::kListValue:
      return AppendList(value.list_value(), depth, out);
    default:
      out += "null";
  }
}

void AppendTime(const Message& message, std::string& out) {
  const auto* type = message.GetDescriptor();
  const int64_t seconds = message.GetReflection()->GetInt64(message, type->FindFieldByNumber(1));
  const int32_t nanos = message.GetReflection()->GetInt32(message, type->FindFieldByNumber(2));
  const absl::Time time = absl::FromUnixSeconds(seconds) + absl::Nanoseconds(nanos);
  absl::StrAppend(&out, "\"", absl::FormatTime("%E4Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone()), "\"");
}

void AppendField(const Message& message, const FieldDescriptor& field, int depth, std::string& out);

void AppendMessage(const Message& message, int depth, std::string& out) {
  if (depth > kDepthMax) {
    out += "null";
    return;
  }
  switch (GetWellKnown(*message.GetDescriptor())) {
    case WellKnown::kTimestamp:
      return AppendTime(message, out);
    case WellKnown::kStruct:
      return With<Struct>(message, [&](const Struct& object) { AppendStruct(object, depth, out); });
    case WellKnown::kValue:
      return With<Value>(message, [&](const Value& value) { AppendValue(value, depth, out); });
    case WellKnown::kListValue:
      return With<ListValue>(message, [&](const ListValue& list) { AppendList(list, depth, out); });
    case WellKnown::kNone:
      break;
  }
  out += '{';
  bool first = true;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    if (IsInputOnly(field)) continue;
    if (!first) out += ',';
    first = false;
    absl::StrAppend(&out, "\"", field.name(), "\":");
    AppendField(message, field, depth, out);
  }
  out += '}';
}

void AppendEnum(int number, const FieldDescriptor& field, std::string& out) {
  const EnumValueDescriptor* value = field.enum_type()->FindValueByNumber(number);
  if (value == nullptr) {
    // From a newer process; its word isn't known here.
    absl::StrAppend(&out, number);
  } else if (IsUnspecified(*value)) {
    out += "null";
  } else {
    absl::StrAppend(&out, "\"", EnumWord(*value), "\"");
  }
}

void AppendText(const std::string& text, const FieldDescriptor& field, std::string& out) {
  if (field.type() == FieldDescriptor::TYPE_BYTES) {
    absl::StrAppend(&out, "\"", absl::Base64Escape(text), "\"");
  } else if (text.empty() && IsId(field) && !field.is_repeated()) {
    out += "null";
  } else {
    AppendString(text, out);
  }
}

// The value of a field that is not repeated.
void AppendSingle(const Message& message, const FieldDescriptor& field, int depth, std::string& out) {
  const Reflection& r = *message.GetReflection();
  if (field.has_presence() && !r.HasField(message, &field)) {
    out += "null";
    return;
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      out += r.GetBool(message, &field) ? "true" : "false";
      return;
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrAppend(&out, r.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrAppend(&out, r.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrAppend(&out, r.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrAppend(&out, r.GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return AppendReal(r.GetDouble(message, &field), out);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return AppendReal(r.GetFloat(message, &field), out);
    case FieldDescriptor::CPPTYPE_ENUM:
      return AppendEnum(r.GetEnumValue(message, &field), field, out);
    case FieldDescriptor::CPPTYPE_STRING:
      return AppendText(r.GetString(message, &field), field, out);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return AppendMessage(r.GetMessage(message, &field), depth + 1, out);
  }
}

void AppendElement(const Message& message, const FieldDescriptor& field, int index, int depth, std::string& out) {
  const Reflection& r = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      out += r.GetRepeatedBool(message, &field, index) ? "true" : "false";
      return;
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrAppend(&out, r.GetRepeatedInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrAppend(&out, r.GetRepeatedInt64(message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrAppend(&out, r.GetRepeatedUInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrAppend(&out, r.GetRepeatedUInt64(message, &field, index));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return AppendReal(r.GetRepeatedDouble(message, &field, index), out);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return AppendReal(r.GetRepeatedFloat(message, &field, index), out);
    case FieldDescriptor::CPPTYPE_ENUM:
      return AppendEnum(r.GetRepeatedEnumValue(message, &field, index), field, out);
    case FieldDescriptor::CPPTYPE_STRING:
      return AppendText(r.GetRepeatedString(message, &field, index), field, out);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return AppendMessage(r.GetRepeatedMessage(message, &field, index), depth + 1, out);
  }
}

// A map's key as the text of a JSON member's name.
std::string MapKey(const Message& entry, const FieldDescriptor& key) {
  if (key.cpp_type() == FieldDescriptor::CPPTYPE_STRING) return entry.GetReflection()->GetString(entry, &key);
  std::string text;
  AppendSingle(entry, key, 0, text);
  return text;
}

void AppendMap(const Message& message, const FieldDescriptor& field, int depth, std::string& out) {
  const Reflection& r = *message.GetReflection();
  std::vector<std::pair<std::string, const Message*>> entries;
  for (int i = 0; i < r.FieldSize(message, &field); ++i) {
    const Message& entry = r.GetRepeatedMessage(message, &field, i);
    entries.emplace_back(MapKey(entry, *field.message_type()->map_key()), &entry);
  }
  std::sort(entries.begin(), entries.end());
  out += '{';
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i > 0) out += ',';
    AppendString(entries[i].first, out);
    out += ':';
    AppendSingle(*entries[i].second, *field.message_type()->map_value(), depth, out);
  }
  out += '}';
}

void AppendField(const Message& message, const FieldDescriptor& field, int depth, std::string& out) {
  if (field.is_map()) return AppendMap(message, field, depth, out);
  if (!field.is_repeated()) return AppendSingle(message, field, depth, out);
  out += '[';
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    if (i > 0) out += ',';
    AppendElement(message, field, i, depth, out);
  }
  out += ']';
}

}  // namespace

std::string Write(const Message& message) {
  std::string out;
  AppendMessage(message, 0, out);
  return out;
}

std::string WriteEnvelope(const Message& message) {
  std::string out = "{";
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    const auto* choice = field.real_containing_oneof();
    if (choice == nullptr && IsInputOnly(field)) continue;
    if (out.size() > 1) out += ',';
    absl::StrAppend(&out, "\"", choice == nullptr ? field.name() : choice->name(), "\":");
    if (choice == nullptr) {
      AppendField(message, field, 0, out);
      continue;
    }
    const FieldDescriptor* set = message.GetReflection()->GetOneofFieldDescriptor(message, choice);
    if (set == nullptr) {
      out += "null";
    } else {
      AppendField(message, *set, 0, out);
    }
    break;
  }
  out += '}';
  return out;
}

}  // namespace tutti::protojson
