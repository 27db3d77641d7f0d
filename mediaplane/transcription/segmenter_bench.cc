// What a leg that speaks costs the thread of the taps: one frame of 20 ms.

#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "mediaplane/transcription/segmenter.h"

namespace tutti::mediaplane {
namespace {

class Counter final : public UtteranceSink {
 public:
  void Begin(int64_t) override {}
  void Samples(std::span<const int16_t> samples) override { count += samples.size(); }
  void End(int64_t) override {}
  size_t count = 0;
};

void BM_Frame(benchmark::State& state) {
  const MixRate rate = state.range(0) == 8'000 ? MixRate::k8000 : MixRate::k16000;
  std::mt19937 random(7);
  std::normal_distribution<float> noise(0, 1'000);
  std::vector<int16_t> frame(SamplesPerFrame(rate));
  for (int16_t& sample : frame) sample = static_cast<int16_t>(noise(random));
  const std::vector<int16_t> silence(frame.size());
  Counter counter;
  Segmenter segmenter(rate, counter);
  int64_t at_ns = 0;
  for (auto _ : state) {
    // Words and pauses.
    segmenter.Push(at_ns, at_ns % 4'000'000'000 < 2'500'000'000 ? frame : silence);
    at_ns += kTickNs;
  }
  benchmark::DoNotOptimize(counter.count);
}
BENCHMARK(BM_Frame)->Arg(8'000)->Arg(16'000);

}  // namespace
}  // namespace tutti::mediaplane

BENCHMARK_MAIN();
