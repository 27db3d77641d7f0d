#include "gateway/openapi/schemas.h"

#include "absl/strings/str_cat.h"
#include "common/protojson/names.h"
#include "gateway/openapi/comments.h"

namespace tutti::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using Json = nlohmann::ordered_json;
using protojson::WellKnown;

// "Conference", "Everything.Inner"; package left out.
std::string NameOf(const Descriptor& message) {
  if (message.containing_type() != nullptr)
    return absl::StrCat(NameOf(*message.containing_type()), ".", message.name());
  return message.name();
}

Json EnumSchema(const EnumDescriptor& type, bool nullable) {
  Json words = Json::array();
  std::string meanings;
  for (int i = 0; i < type.value_count(); ++i) {
    if (protojson::IsUnspecified(*type.value(i))) continue;
    const std::string word = protojson::EnumWord(*type.value(i));
    words.push_back(word);
    const std::string comment = CommentOf(*type.value(i));
    if (!comment.empty()) absl::StrAppend(&meanings, meanings.empty() ? "" : "\n", "- `", word, "`: ", comment);
  }
  Json schema;
  schema["type"] = "string";
  if (nullable && protojson::IsUnspecified(*type.value(0))) {
    schema["type"] = Json::array({"string", "null"});
    words.push_back(nullptr);
  }
  schema["enum"] = words;
  if (!meanings.empty()) schema["description"] = meanings;
  return schema;
}

Json Typed(const char* type, bool nullable) {
  Json schema;
  schema["type"] = nullable ? Json::array({type, "null"}) : Json(type);
  return schema;
}

Json Integer(const char* format, bool is_unsigned, bool nullable) {
  Json schema = Typed("integer", nullable);
  schema["format"] = format;
  if (is_unsigned) schema["minimum"] = 0;
  return schema;
}

}  // namespace

Json Schemas::Single(const FieldDescriptor& field, bool nullable) {
  const bool optional = nullable && field.has_presence();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return Typed("boolean", optional);
    case FieldDescriptor::CPPTYPE_INT32:
      return Integer("int32", false, optional);
    case FieldDescriptor::CPPTYPE_INT64:
      return Integer("int64", false, optional);
    case FieldDescriptor::CPPTYPE_UINT32:
      return Integer("int64", true, optional);
    case FieldDescriptor::CPPTYPE_UINT64:
      return Integer("uint64", true, optional);
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Typed("number", optional);
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumSchema(*field.enum_type(), nullable);
    case FieldDescriptor::CPPTYPE_STRING: {
      Json schema = Typed("string", nullable && (optional || protojson::IsId(field)));
      if (field.type() == FieldDescriptor::TYPE_BYTES) schema["contentEncoding"] = "base64";
      return schema;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  switch (protojson::GetWellKnown(*field.message_type())) {
    case WellKnown::kTimestamp: {
      Json schema = Typed("string", nullable);
      schema["format"] = "date-time";
      return schema;
    }
    case WellKnown::kStruct:
      return Typed("object", nullable);
    case WellKnown::kListValue: {
      Json schema = Typed("array", nullable);
      schema["items"] = Json::object();
      return schema;
    }
    case WellKnown::kValue:
      return Json::object();
    case WellKnown::kNone:
      break;
  }
  const Json reference = Reference(*field.message_type());
  if (!nullable) return reference;
  Json schema;
  schema["anyOf"] = Json::array({reference, Typed("null", false)});
  return schema;
}

Json Schemas::Field(const FieldDescriptor& field) {
  Json schema;
  if (field.is_map()) {
    schema = Typed("object", false);
    schema["additionalProperties"] = Single(*field.message_type()->map_value(), false);
  } else if (field.is_repeated()) {
    schema = Typed("array", false);
    schema["items"] = Single(field, false);
  } else {
    schema = Single(field, true);
  }
  std::string comment = CommentOf(field);
  if (schema.contains("description")) {
    comment = absl::StrCat(comment, comment.empty() ? "" : "\n\n", schema["description"].get<std::string>());
  }
  if (!comment.empty()) schema["description"] = comment;
  if (protojson::IsOutputOnly(field)) schema["readOnly"] = true;
  if (protojson::IsInputOnly(field)) schema["writeOnly"] = true;
  return schema;
}

Json Schemas::UrlField(const FieldDescriptor& field) {
  if (!field.is_repeated()) return Single(field, false);
  Json schema = Typed("array", false);
  schema["items"] = Single(field, false);
  return schema;
}

Json Schemas::Message(const Descriptor& message) {
  Json schema = Typed("object", false);
  const std::string comment = CommentOf(message);
  if (!comment.empty()) schema["description"] = comment;
  schema["additionalProperties"] = false;
  schema["properties"] = Json::object();
  for (int i = 0; i < message.field_count(); ++i) {
    schema["properties"][message.field(i)->name()] = Field(*message.field(i));
  }
  return schema;
}

Json Schemas::Reference(const Descriptor& message) {
  const std::string name = NameOf(message);
  // Entered before it is filled: messages may hold their own kind.
  if (schemas_.try_emplace(name).second) {
    Json schema = Message(message);
    schemas_[name] = std::move(schema);
  }
  Json reference;
  reference["$ref"] = absl::StrCat("#/components/schemas/", name);
  return reference;
}

Json Schemas::Components() const {
  Json components = Json::object();
  for (const auto& [name, schema] : schemas_) components[name] = schema;
  return components;
}

}  // namespace tutti::gateway
