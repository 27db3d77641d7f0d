#ifndef CONTROL_RULES_TIMES_H_
#define CONTROL_RULES_TIMES_H_

#include <cstdint>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace tutti::control {

// Stored and shown times have microseconds.

inline int64_t ToMicroseconds(absl::Time time) { return absl::ToUnixMicros(time); }

inline void SetTime(google::protobuf::Timestamp& timestamp, absl::Time time) {
  const int64_t us = absl::ToUnixMicros(time);
  timestamp.set_seconds(us / 1'000'000);
  timestamp.set_nanos(static_cast<int32_t>(us % 1'000'000 * 1'000));
}

inline absl::Time FromTimestamp(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

}  // namespace tutti::control

#endif  // CONTROL_RULES_TIMES_H_
