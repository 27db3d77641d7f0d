#include "common/protojson/scalar.h"

#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/protojson/names.h"
#include "common/protojson/protojson.h"
#include "common/status/status.h"
#include "google/protobuf/timestamp.pb.h"

namespace tutti::protojson {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

template <typename Int>
std::optional<Int> ToInt(const Scalar& value) {
  if (const auto* i = std::get_if<int64_t>(&value)) {
    if (std::in_range<Int>(*i)) return static_cast<Int>(*i);
  } else if (const auto* u = std::get_if<uint64_t>(&value)) {
    if (std::in_range<Int>(*u)) return static_cast<Int>(*u);
  }
  return std::nullopt;
}

std::optional<double> ToDouble(const Scalar& value) {
  if (const auto* d = std::get_if<double>(&value)) return *d;
  if (const auto* i = std::get_if<int64_t>(&value)) return static_cast<double>(*i);
  if (const auto* u = std::get_if<uint64_t>(&value)) return static_cast<double>(*u);
  return std::nullopt;
}

// RFC 3339, with any offset; finer than a microsecond is cut off.
std::optional<absl::Time> ParseTime(const std::string& text) {
  // absl takes spaces and "infinite-future", too.
  if (text.size() < 20 || !absl::ascii_isdigit(text.front()) || absl::ascii_isspace(text.back())) return std::nullopt;
  absl::Time time;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) return std::nullopt;
  const absl::Time first = absl::FromUnixSeconds(-62'135'596'800);  // 0001-01-01
  const absl::Time end = absl::FromUnixSeconds(253'402'300'800);    // 10000-01-01
  if (time < first || time >= end) return std::nullopt;
  return absl::FromUnixMicros(absl::ToUnixMicros(time));
}

template <typename T, typename Set, typename Add>
absl::Status Store(Message& message, const FieldDescriptor& field, const std::optional<T>& value, Set set, Add add,
                   std::string_view path, std::string_view wanted) {
  if (!value) return ParameterError(path, wanted);
  const auto* reflection = message.GetReflection();
  if (field.is_repeated()) {
    (reflection->*add)(&message, &field, *value);
  } else {
    (reflection->*set)(&message, &field, *value);
  }
  return absl::OkStatus();
}

absl::Status SetEnum(Message& message, const FieldDescriptor& field, const Scalar& value, std::string_view path) {
  const auto* word = std::get_if<std::string>(&value);
  const auto* found = word == nullptr ? nullptr : FindEnumWord(*field.enum_type(), *word);
  if (found == nullptr) {
    const std::string words = absl::StrJoin(EnumWords(*field.enum_type()), ", ");
    return ParameterError(path, absl::StrCat("must be one of ", words), {{"allowed", words}});
  }
  if (field.is_repeated()) {
    message.GetReflection()->AddEnum(&message, &field, found);
  } else {
    message.GetReflection()->SetEnum(&message, &field, found);
  }
  return absl::OkStatus();
}

absl::Status SetTime(Message& message, const FieldDescriptor& field, const Scalar& value, std::string_view path) {
  const auto* text = std::get_if<std::string>(&value);
  const auto time = text == nullptr ? std::nullopt : ParseTime(*text);
  if (!time) return ParameterError(path, "must be a time as of RFC 3339, years 0001 to 9999");
  const auto* reflection = message.GetReflection();
  Message* target =
      field.is_repeated() ? reflection->AddMessage(&message, &field) : reflection->MutableMessage(&message, &field);
  const int64_t micros = absl::ToUnixMicros(*time);
  const int64_t seconds = absl::ToUnixSeconds(*time);
  const auto* type = target->GetDescriptor();
  target->GetReflection()->SetInt64(target, type->FindFieldByNumber(1), seconds);
  target->GetReflection()->SetInt32(target, type->FindFieldByNumber(2),
                                    static_cast<int32_t>((micros - seconds * 1'000'000) * 1000));
  return absl::OkStatus();
}

// A URL has text only; what it means depends on the field.
std::optional<Scalar> FromText(const FieldDescriptor& field, std::string_view text) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text == "true") return Scalar(true);
      if (text == "false") return Scalar(false);
      return std::nullopt;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64: {
      // SimpleAtoi takes spaces and a plus sign.
      if (text.empty() || (text.front() != '-' && !absl::ascii_isdigit(text.front()))) return std::nullopt;
      if (!absl::ascii_isdigit(text.back())) return std::nullopt;
      int64_t i;
      uint64_t u;
      if (absl::SimpleAtoi(View(text), &i)) return Scalar(i);
      if (absl::SimpleAtoi(View(text), &u)) return Scalar(u);
      return std::nullopt;
    }
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT: {
      double d;
      if (!absl::SimpleAtod(View(text), &d) || !std::isfinite(d)) return std::nullopt;
      return Scalar(d);
    }
    default:
      return Scalar(std::string(text));
  }
}

}  // namespace

absl::Status ParameterError(std::string_view path, std::string_view what, std::map<std::string, std::string> details) {
  details.emplace("field", path);
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER",
               absl::StrCat("Field ", View(path), " ", View(what), "."), details);
}

absl::Status SetScalar(Message& message, const FieldDescriptor& field, const Scalar& value, std::string_view path) {
  using R = google::protobuf::Reflection;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL: {
      const auto* b = std::get_if<bool>(&value);
      return Store(message, field, b == nullptr ? std::nullopt : std::optional(*b), &R::SetBool, &R::AddBool, path,
                   "must be true or false");
    }
    case FieldDescriptor::CPPTYPE_INT32:
      return Store(message, field, ToInt<int32_t>(value), &R::SetInt32, &R::AddInt32, path,
                   "must be an integer from -2147483648 to 2147483647");
    case FieldDescriptor::CPPTYPE_INT64:
      return Store(message, field, ToInt<int64_t>(value), &R::SetInt64, &R::AddInt64, path,
                   "must be an integer of 64 bits");
    case FieldDescriptor::CPPTYPE_UINT32:
      return Store(message, field, ToInt<uint32_t>(value), &R::SetUInt32, &R::AddUInt32, path,
                   "must be an integer from 0 to 4294967295");
    case FieldDescriptor::CPPTYPE_UINT64:
      return Store(message, field, ToInt<uint64_t>(value), &R::SetUInt64, &R::AddUInt64, path,
                   "must be an integer of 64 bits from 0 up");
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Store(message, field, ToDouble(value), &R::SetDouble, &R::AddDouble, path, "must be a number");
    case FieldDescriptor::CPPTYPE_FLOAT: {
      auto d = ToDouble(value);
      if (d && std::abs(*d) > std::numeric_limits<float>::max()) d = std::nullopt;
      return Store(message, field, d ? std::optional(static_cast<float>(*d)) : std::nullopt, &R::SetFloat, &R::AddFloat,
                   path, "must be a number of single precision");
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetEnum(message, field, value, path);
    case FieldDescriptor::CPPTYPE_STRING: {
      const auto* text = std::get_if<std::string>(&value);
      std::optional<std::string> content;
      if (text != nullptr) content = *text;
      if (field.type() != FieldDescriptor::TYPE_BYTES) {
        return Store(message, field, content, &R::SetString, &R::AddString, path, "must be a string");
      }
      std::string raw;
      if (content && !absl::Base64Unescape(*content, &raw)) content = std::nullopt;
      if (content) content = raw;
      return Store(message, field, content, &R::SetString, &R::AddString, path, "must be a string of base64");
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (GetWellKnown(*field.message_type()) == WellKnown::kTimestamp) return SetTime(message, field, value, path);
      return ParameterError(path, "must be an object");
  }
  return ParameterError(path, "has an unknown type");
}

absl::Status SetFromText(Message& message, std::string_view path, std::string_view text) {
  Message* target = &message;
  std::vector<std::string> names = absl::StrSplit(std::string(path), '.');
  for (size_t i = 0;; ++i) {
    const FieldDescriptor* field = target->GetDescriptor()->FindFieldByName(names[i]);
    if (field == nullptr) return ParameterError(path, "is not known");
    if (i + 1 == names.size()) {
      const auto value = FromText(*field, text);
      // A value that can't be parsed gets the error of its field's type.
      return SetScalar(*target, *field, value ? *value : Scalar(std::string(text)), path);
    }
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_repeated() || field->is_map()) {
      return ParameterError(path, "is not known");
    }
    target = target->GetReflection()->MutableMessage(target, field);
  }
}

}  // namespace tutti::protojson
