#include "mediaplane/port/port.h"

namespace tutti::mediaplane {

std::string_view PortDropName(PortDrop drop) {
  switch (drop) {
    case PortDrop::kNotIp:
      return "not_ip";
    case PortDrop::kIpMalformed:
      return "ip_malformed";
    case PortDrop::kIpFragment:
      return "ip_fragment";
    case PortDrop::kIpChecksum:
      return "ip_checksum";
    case PortDrop::kNotUdp:
      return "not_udp";
    case PortDrop::kUdpMalformed:
      return "udp_malformed";
    case PortDrop::kUdpChecksum:
      return "udp_checksum";
    case PortDrop::kUnknownEndpoint:
      return "unknown_endpoint";
    case PortDrop::kTooLong:
      return "too_long";
    case PortDrop::kForwardRingFull:
      return "forward_ring_full";
    case PortDrop::kNoMbuf:
      return "no_mbuf";
    case PortDrop::kSendFailed:
      return "send_failed";
    case PortDrop::kNoNeighbour:
      return "no_neighbour";
    case PortDrop::kCount:
      break;
  }
  return "unknown";
}

}  // namespace tutti::mediaplane
