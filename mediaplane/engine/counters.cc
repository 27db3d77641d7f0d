#include "mediaplane/engine/counters.h"

namespace tutti::mediaplane {

std::string_view EngineDropName(EngineDrop drop) {
  switch (drop) {
    case EngineDrop::kUnknownLeg:
      return "unknown_leg";
    case EngineDrop::kWrongSource:
      return "wrong_source";
    case EngineDrop::kDirection:
      return "direction";
    case EngineDrop::kRtpMalformed:
      return "rtp_malformed";
    case EngineDrop::kPayloadUnknown:
      return "payload_unknown";
    case EngineDrop::kRtcpMalformed:
      return "rtcp_malformed";
    case EngineDrop::kRtcpWrongSource:
      return "rtcp_wrong_source";
    case EngineDrop::kJitterLate:
      return "jitter_late";
    case EngineDrop::kJitterDuplicate:
      return "jitter_duplicate";
    case EngineDrop::kJitterRefused:
      return "jitter_refused";
    case EngineDrop::kNoMbuf:
      return "no_mbuf";
    case EngineDrop::kCount:
      break;
  }
  return "unknown";
}

}  // namespace tutti::mediaplane
