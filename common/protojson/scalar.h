#ifndef COMMON_PROTOJSON_SCALAR_H_
#define COMMON_PROTOJSON_SCALAR_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace tutti::protojson {

// One JSON scalar that is not null.
using Scalar = std::variant<bool, int64_t, uint64_t, double, std::string>;

// Largest integer that a double, hence a Struct, holds exactly.
inline constexpr int64_t kExactMax = int64_t{1} << 53;

// INVALID_REQUEST_PARAMETER at a path.
absl::Status ParameterError(std::string_view path, std::string_view what,
                            std::map<std::string, std::string> details = {});

// Sets a scalar or Timestamp field, or adds to it when it is repeated.
absl::Status SetScalar(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
                       const Scalar& value, std::string_view path);

}  // namespace tutti::protojson

#endif  // COMMON_PROTOJSON_SCALAR_H_
