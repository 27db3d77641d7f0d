#include "control/flow/struct_reader.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::flow {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Value;

// Nested objects at most; none of our options is near it.
constexpr int kDepthMax = 16;

absl::Status Wrong(const std::string& path, const std::string& what) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER", absl::StrCat(path, " ", what),
               {{"field", path}});
}

// A whole number within [T's least, T's greatest], exactly as a double has it.
template <typename T>
absl::Status ReadWhole(const Value& value, const std::string& path, T& number) {
  if (value.kind_case() != Value::kNumberValue) return Wrong(path, "must be a number");
  const double given = value.number_value();
  // 2^(digits) is exact in a double, the greatest T may not be.
  const double end = std::ldexp(1.0, std::numeric_limits<T>::digits);
  if (!(given >= static_cast<double>(std::numeric_limits<T>::min()) && given < end) || given != std::trunc(given)) {
    return Wrong(path, "must be a whole number in range");
  }
  number = static_cast<T>(given);
  return absl::OkStatus();
}

absl::Status ReadObject(const google::protobuf::Struct& object, const std::string& path, int depth, Message& message);

// Sets the field, or with `repeated` adds to it.
absl::Status ReadField(const Value& value, const std::string& path, int depth, const FieldDescriptor* field,
                       bool repeated, Message& message) {
  const Reflection& reflection = *message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (value.kind_case() != Value::kStringValue) return Wrong(path, "must be a string");
      if (repeated) {
        reflection.AddString(&message, field, value.string_value());
      } else {
        reflection.SetString(&message, field, value.string_value());
      }
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_BOOL:
      if (value.kind_case() != Value::kBoolValue) return Wrong(path, "must be true or false");
      if (repeated) {
        reflection.AddBool(&message, field, value.bool_value());
      } else {
        reflection.SetBool(&message, field, value.bool_value());
      }
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_INT64: {
      int64_t number = 0;
      TUTTI_RETURN_IF_ERROR(ReadWhole(value, path, number));
      if (repeated) {
        reflection.AddInt64(&message, field, number);
      } else {
        reflection.SetInt64(&message, field, number);
      }
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT32: {
      int32_t number = 0;
      TUTTI_RETURN_IF_ERROR(ReadWhole(value, path, number));
      if (repeated) {
        reflection.AddInt32(&message, field, number);
      } else {
        reflection.SetInt32(&message, field, number);
      }
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_DOUBLE:
      if (value.kind_case() != Value::kNumberValue) return Wrong(path, "must be a number");
      if (repeated) {
        reflection.AddDouble(&message, field, value.number_value());
      } else {
        reflection.SetDouble(&message, field, value.number_value());
      }
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (value.kind_case() != Value::kStructValue) return Wrong(path, "must be an object");
      return ReadObject(
          value.struct_value(), path, depth + 1,
          repeated ? *reflection.AddMessage(&message, field) : *reflection.MutableMessage(&message, field));
    default:
      return absl::InternalError(absl::StrCat("options have no fields of the type of ", field->full_name()));
  }
}

absl::Status ReadObject(const google::protobuf::Struct& object, const std::string& path, int depth, Message& message) {
  if (depth > kDepthMax) return Wrong(path, "is nested too deeply");
  for (const auto& [name, value] : object.fields()) {
    const std::string place = absl::StrCat(path, ".", name);
    const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
    if (field == nullptr) return Wrong(place, "is not known");
    if (value.kind_case() == Value::kNullValue) continue;
    if (!field->is_repeated()) {
      TUTTI_RETURN_IF_ERROR(ReadField(value, place, depth, field, false, message));
      continue;
    }
    if (value.kind_case() != Value::kListValue) return Wrong(place, "must be a list");
    for (int i = 0; i < value.list_value().values_size(); ++i) {
      TUTTI_RETURN_IF_ERROR(
          ReadField(value.list_value().values(i), absl::StrCat(place, "[", i, "]"), depth, field, true, message));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadStruct(const google::protobuf::Struct& object, const std::string& path, Message& message) {
  return ReadObject(object, path, 0, message);
}

}  // namespace tutti::flow
