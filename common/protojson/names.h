#ifndef COMMON_PROTOJSON_NAMES_H_
#define COMMON_PROTOJSON_NAMES_H_

#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"

// How the API's JSON names what the descriptors know.
namespace tutti::protojson {

// google.api.field_behavior.
bool IsOutputOnly(const google::protobuf::FieldDescriptor& field);
bool IsInputOnly(const google::protobuf::FieldDescriptor& field);
bool IsRequired(const google::protobuf::FieldDescriptor& field);
bool IsImmutable(const google::protobuf::FieldDescriptor& field);

// A string field called `id` or ending in `_id`.
bool IsId(const google::protobuf::FieldDescriptor& field);

// An enum value's word: its name less the prefix that the enum's own name makes,
// in lower case. TYPE_CONNECT of the enum Type is "connect".
std::string EnumWord(const google::protobuf::EnumValueDescriptor& value);

// True for a value 0 that says "nothing": PREFIX_UNSPECIFIED. It is null in JSON.
bool IsUnspecified(const google::protobuf::EnumValueDescriptor& value);

// The words that a client may use, in the order of their definition.
std::vector<std::string> EnumWords(const google::protobuf::EnumDescriptor& type);

// The value of a word; null when there is none.
const google::protobuf::EnumValueDescriptor* FindEnumWord(const google::protobuf::EnumDescriptor& type,
                                                          std::string_view word);

// The message types that have a JSON form of their own.
enum class WellKnown { kNone, kTimestamp, kStruct, kValue, kListValue };
WellKnown GetWellKnown(const google::protobuf::Descriptor& type);

}  // namespace tutti::protojson

#endif  // COMMON_PROTOJSON_NAMES_H_
