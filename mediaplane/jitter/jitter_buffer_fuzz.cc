// Any packets at any times: nothing is read or written outside, no time or memory
// without bound, and the samples' balance holds.
//
// Input: records of 8 bytes: what, sequence (2), timestamp step (2, signed, times 40),
// payload length (2), time step (ms).

#include <cstdlib>
#include <vector>

#include "mediaplane/jitter/jitter_buffer.h"

namespace {

constexpr size_t kRecordBytes = 8;
constexpr tutti::mediaplane::Codec kCodecs[] = {tutti::mediaplane::Codec::kPcmu, tutti::mediaplane::Codec::kG722,
                                                tutti::mediaplane::Codec::kL16At8000,
                                                tutti::mediaplane::Codec::kL16At16000};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tutti::mediaplane;
  static JitterBuffer buffer;
  buffer = JitterBuffer();
  const std::vector<uint8_t> payload(4096, 0x5a);
  RtpPacket packet;
  int64_t now_ns = 0;
  int64_t tick_ns = 0;
  uint32_t sum = 0;
  for (; size >= kRecordBytes; data += kRecordBytes, size -= kRecordBytes) {
    const uint8_t what = data[0];
    packet.ssrc = what & 1;
    packet.sequence = static_cast<uint16_t>(data[1] << 8 | data[2]);
    packet.timestamp += static_cast<uint32_t>(static_cast<int16_t>(data[3] << 8 | data[4])) * 40;
    packet.payload = {payload.data(), static_cast<size_t>((data[5] << 8 | data[6]) % payload.size())};
    now_ns += data[7] * int64_t{1'000'000};
    if ((what & 0x70) == 0x70) {
      buffer.InsertNonAudio(packet, now_ns);
    } else if (what == 0x0f) {
      buffer.Reset();
    } else {
      buffer.Insert(packet, kCodecs[what >> 1 & 3], now_ns);
    }
    for (; tick_ns <= now_ns; tick_ns += (what & 0x80) != 0 ? 5 * kTickNs : kTickNs) {
      for (int pull = 0; pull < 2; ++pull) {
        const JitterFrame frame = buffer.Pull(tick_ns);
        if (frame.kind != JitterFrame::Kind::kAudio) break;
        for (int i = 0; i < FormatOf(frame.codec).bytes_per_frame; ++i) sum += frame.bytes[i];
        if (!buffer.ShouldDrop((what & 8) != 0)) break;
      }
    }
    const JitterCounters& counters = buffer.counters();
    if (counters.units_accepted + counters.units_concealed !=
        counters.units_played + counters.units_discarded + buffer.buffered_units()) {
      std::abort();
    }
    // The ceiling, a tick that may be as far as skipped ones, and a packet of the longest.
    if (buffer.delay_us() > 420'000) std::abort();
  }
  return sum == 1 ? 1 : 0;
}
