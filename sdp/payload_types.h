#ifndef SDP_PAYLOAD_TYPES_H_
#define SDP_PAYLOAD_TYPES_H_

#include <cstdint>

namespace tutti::sdp {

struct StaticPayloadType {
  uint32_t payload_type;
  const char* name;
  uint32_t clock_rate;
  uint32_t channels;
};

// RFC 3551 section 6, tables 4 and 5; null for a dynamic or unassigned type.
const StaticPayloadType* FindStaticPayloadType(uint32_t payload_type);

}  // namespace tutti::sdp

#endif  // SDP_PAYLOAD_TYPES_H_
