#include <benchmark/benchmark.h>

#include <array>

#include "mediaplane/audio/resample.h"

namespace tutti::mediaplane {
namespace {

template <class Resampler, size_t kIn>
void OneFrame(benchmark::State& state) {
  Resampler resampler;
  std::array<int32_t, kSamplesPerFrameMax> in;
  std::array<int32_t, kSamplesPerFrameMax> out;
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<int32_t>(i * 7919 % 20'000);
  for (auto _ : state) {
    resampler.Process(in.data(), kIn, out.data());
    benchmark::DoNotOptimize(out);
  }
}

BENCHMARK(OneFrame<Upsampler, 160>)->Name("8000To16000");
BENCHMARK(OneFrame<Downsampler, 320>)->Name("16000To8000");

}  // namespace
}  // namespace tutti::mediaplane

BENCHMARK_MAIN();
