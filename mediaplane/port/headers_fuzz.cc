#include <cstdlib>
#include <vector>

#include "mediaplane/port/address.h"
#include "mediaplane/port/headers.h"

// Any frame: what ParseFrame says must lie inside it, and a datagram that it
// took must come back the same from its own headers.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tutti::mediaplane;
  if (size > 9000) return 0;
  for (const bool verified : {false, true}) {
    for (const VlanId vlan : {0, 7}) {
      std::vector<uint8_t> frame(data, data + size);
      const Frame parsed = ParseFrame(frame, vlan, verified);
      if (parsed.kind == FrameKind::kDrop) continue;
      if (parsed.kind == FrameKind::kArp) continue;
      if (size_t{parsed.payload_offset} + parsed.payload_bytes > size) abort();
      if (parsed.kind == FrameKind::kIcmpEchoRequest) {
        TurnIntoEchoReply(parsed, kBroadcastMac, frame);
        continue;
      }
      const bool ipv4 = IsIpv4(parsed.source);
      std::vector<uint8_t> written(UdpHeadersBytes(ipv4, vlan));
      written.insert(written.end(), frame.begin() + parsed.payload_offset,
                     frame.begin() + parsed.payload_offset + parsed.payload_bytes);
      UdpRoute route;
      route.source_mac = parsed.source_mac;
      route.vlan = vlan;
      route.source = parsed.source;
      route.destination = parsed.destination;
      WriteUdpHeaders(route, written);
      const Frame again = ParseFrame(written, vlan, false);
      if (again.kind != FrameKind::kUdp || again.source != parsed.source || again.destination != parsed.destination ||
          again.payload_bytes != parsed.payload_bytes) {
        abort();
      }
    }
  }
  return 0;
}
