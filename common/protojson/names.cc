#include "common/protojson/names.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "google/api/field_behavior.pb.h"

namespace tutti::protojson {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;

bool HasBehavior(const FieldDescriptor& field, google::api::FieldBehavior wanted) {
  for (const int behavior : field.options().GetRepeatedExtension(google::api::field_behavior)) {
    if (behavior == wanted) return true;
  }
  return false;
}

// HangupBy → HANGUP_BY_, RTPMode → RTP_MODE_.
std::string Prefix(const EnumDescriptor& type) {
  const std::string& name = type.name();
  std::string prefix;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool upper = absl::ascii_isupper(name[i]);
    const bool starts_word =
        i > 0 && upper &&
        (!absl::ascii_isupper(name[i - 1]) || (i + 1 < name.size() && absl::ascii_islower(name[i + 1])));
    if (starts_word) prefix += '_';
    prefix += absl::ascii_toupper(name[i]);
  }
  return prefix + "_";
}

}  // namespace

bool IsOutputOnly(const FieldDescriptor& field) { return HasBehavior(field, google::api::OUTPUT_ONLY); }
bool IsInputOnly(const FieldDescriptor& field) { return HasBehavior(field, google::api::INPUT_ONLY); }
bool IsRequired(const FieldDescriptor& field) { return HasBehavior(field, google::api::REQUIRED); }
bool IsImmutable(const FieldDescriptor& field) { return HasBehavior(field, google::api::IMMUTABLE); }

bool IsId(const FieldDescriptor& field) {
  return field.type() == FieldDescriptor::TYPE_STRING && (field.name() == "id" || absl::EndsWith(field.name(), "_id"));
}

std::string EnumWord(const EnumValueDescriptor& value) {
  const std::string prefix = Prefix(*value.type());
  return absl::AsciiStrToLower(absl::StripPrefix(value.name(), prefix));
}

bool IsUnspecified(const EnumValueDescriptor& value) { return value.number() == 0 && EnumWord(value) == "unspecified"; }

std::vector<std::string> EnumWords(const EnumDescriptor& type) {
  std::vector<std::string> words;
  for (int i = 0; i < type.value_count(); ++i) {
    if (!IsUnspecified(*type.value(i))) words.push_back(EnumWord(*type.value(i)));
  }
  return words;
}

const EnumValueDescriptor* FindEnumWord(const EnumDescriptor& type, std::string_view word) {
  for (int i = 0; i < type.value_count(); ++i) {
    if (!IsUnspecified(*type.value(i)) && EnumWord(*type.value(i)) == word) return type.value(i);
  }
  return nullptr;
}

WellKnown GetWellKnown(const Descriptor& type) {
  const std::string& name = type.full_name();
  if (name == "google.protobuf.Timestamp") return WellKnown::kTimestamp;
  if (name == "google.protobuf.Struct") return WellKnown::kStruct;
  if (name == "google.protobuf.Value") return WellKnown::kValue;
  if (name == "google.protobuf.ListValue") return WellKnown::kListValue;
  return WellKnown::kNone;
}

}  // namespace tutti::protojson
