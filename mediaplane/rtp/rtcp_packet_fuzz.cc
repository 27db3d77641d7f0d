// Any bytes: parsing stays inside them and its limits, and a report made of what was
// read is read back the same.

#include <cstdlib>
#include <string>
#include <vector>

#include "mediaplane/rtp/rtcp_packet.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tutti::mediaplane;
  const std::vector<uint8_t> datagram(data, data + size);
  RtcpReport report;
  if (ParseRtcp(datagram, report) != RtcpError::kNone) return 0;
  const std::string cname = report.cname.empty() ? "none" : std::string(report.cname);
  RtcpToSend packet;
  packet.ssrc = report.sender_ssrc;
  packet.sender_info = report.has_sender_info ? &report.sender_info : nullptr;
  packet.blocks = {report.blocks.data(), report.block_count};
  packet.cname = cname;
  packet.bye = report.SaysBye(report.sender_ssrc);
  std::vector<uint8_t> written(kRtcpBytesMax);
  const size_t bytes = WriteRtcp(packet, written);
  if (bytes == 0) std::abort();
  RtcpReport again;
  if (ParseRtcp(std::span(written).first(bytes), again) != RtcpError::kNone) std::abort();
  if (again.sender_ssrc != report.sender_ssrc || again.cname != cname || again.block_count != report.block_count ||
      again.SaysBye(report.sender_ssrc) != packet.bye) {
    std::abort();
  }
  return 0;
}
