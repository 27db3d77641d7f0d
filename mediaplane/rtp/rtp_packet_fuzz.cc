// Any bytes: parsing stays inside them, and what parses is written back as it was (but
// for the padding's content, which is not kept).

#include <cstdlib>
#include <cstring>
#include <vector>

#include "mediaplane/rtp/rtp_packet.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tutti::mediaplane;
  const std::vector<uint8_t> datagram(data, data + size);
  RtpPacket packet;
  IsRtcp(datagram);
  if (ParseRtp(datagram, packet) != RtpError::kNone) return 0;
  std::vector<uint8_t> written(size);
  if (WriteRtp(packet, written) != size) std::abort();
  const size_t kept = size - packet.padding_bytes;
  if (std::memcmp(written.data(), data, kept) != 0) std::abort();
  RtpPacket again;
  if (ParseRtp(written, again) != RtpError::kNone) std::abort();
  if (again.payload.size() != packet.payload.size() || again.padding_bytes != packet.padding_bytes) std::abort();
  return 0;
}
