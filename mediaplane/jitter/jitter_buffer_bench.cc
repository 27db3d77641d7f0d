#include <benchmark/benchmark.h>

#include <vector>

#include "mediaplane/jitter/jitter_buffer.h"

namespace tutti::mediaplane {
namespace {

// One packet in and one frame out for each of many legs: what a tick does. The bytes of
// the legs' buffers are the working set.
void InsertAndPull(benchmark::State& state) {
  std::vector<JitterBuffer> buffers(static_cast<size_t>(state.range(0)));
  const std::vector<uint8_t> payload(160, 0x55);
  RtpPacket packet;
  packet.ssrc = 1;
  packet.payload = payload;
  int64_t now_ns = 0;
  uint32_t sum = 0;
  for (auto _ : state) {
    for (JitterBuffer& buffer : buffers) {
      buffer.Insert(packet, Codec::kPcmu, now_ns - 5'000'000);
      const JitterFrame frame = buffer.Pull(now_ns);
      if (frame.kind == JitterFrame::Kind::kAudio) sum += frame.bytes[0] + (buffer.ShouldDrop(false) ? 1 : 0);
    }
    now_ns += kTickNs;
    ++packet.sequence;
    packet.timestamp += 160;
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(InsertAndPull)->Arg(1)->Arg(100)->Arg(1'000)->Arg(10'000);

}  // namespace
}  // namespace tutti::mediaplane

BENCHMARK_MAIN();
