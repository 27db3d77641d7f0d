#ifndef COMMON_PROTOJSON_PROTOJSON_H_
#define COMMON_PROTOJSON_PROTOJSON_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "google/protobuf/struct.pb.h"

// The API's JSON, driven by descriptors: snake_case names; an enum's word is its
// value's name less the prefix, in lower case; 64-bit integers are numbers;
// times are RFC 3339 in UTC with 6 digits; unset messages, unset optional fields,
// unspecified enums and empty ids are null; everything else is always present.
namespace tutti::protojson {

// What a reader accepts.
struct Limits {
  size_t bytes_max = 1024 * 1024;
  // Objects and arrays inside each other. A level of free content is three of
  // Protobuf's, whose readers take 100.
  int depth_max = 33;
};

// Reads `json`, one object, into `message`, whose class is a generated one;
// fields that it doesn't name keep their value. null means: not set. OUTPUT_ONLY fields are passed over.
//
// `present`, when not null, gets the path of every field that was named, as in a
// FieldMask: "name", "inner.depth". A field that is repeated or of free content
// (Struct) is one path.
//
// Errors are INVALID_ARGUMENT: INVALID_JSON_BODY for text that is no such JSON
// (syntax, UTF-8, a duplicate key, too deep, too large), INVALID_REQUEST_PARAMETER
// for what the message can't hold (an unknown field, a wrong type, a number out
// of range), with the place in detail "field" ("actions[1].option.duration").
absl::Status Read(std::string_view json, google::protobuf::Message& message,
                  std::vector<std::string>* present = nullptr, const Limits& limits = {});

// Reads free content against a typed message, by the same rules. `place` is where
// the content stands ("actions[1].option"): errors name it before their own path.
absl::Status ReadStruct(const google::protobuf::Struct& content, std::string_view place,
                        google::protobuf::Message& message);

// Sets the scalar field at `path` ("status", "conference.id") from a text as it
// stands in a URL; a repeated field gets one more element. Errors:
// INVALID_REQUEST_PARAMETER.
absl::Status SetFromText(google::protobuf::Message& message, std::string_view path, std::string_view text);

// Never fails: text that is no UTF-8 gets replacement characters, NaN and the
// infinities are null. INPUT_ONLY fields are left out.
std::string Write(const google::protobuf::Message& message);

// As Write, with the message's first oneof as one field: under its name what is
// set in it, or null. The fields behind it are left out. An Event's envelope.
std::string WriteEnvelope(const google::protobuf::Message& message);

}  // namespace tutti::protojson

#endif  // COMMON_PROTOJSON_PROTOJSON_H_
