#include <benchmark/benchmark.h>

#include <array>

#include "mediaplane/audio/mix.h"

namespace tutti::mediaplane {
namespace {

constexpr size_t kSamples = 160;  // 20 ms at 8 kHz

struct Frame {
  alignas(64) std::array<int16_t, kSamples> own;
  alignas(64) std::array<int16_t, kSamples> out;
  alignas(64) std::array<int32_t, kSamples> sum;

  explicit Frame(int32_t loudness) {
    for (size_t i = 0; i < kSamples; ++i) {
      own[i] = static_cast<int16_t>(i * 331);
      sum[i] = (static_cast<int32_t>(i) - 80) * loudness;
    }
  }
};

void Add(benchmark::State& state) {
  Frame frame(100);
  for (auto _ : state) {
    AddToSum(frame.own.data(), frame.sum.data(), kSamples);
    benchmark::DoNotOptimize(frame);
  }
}

// Argument: what a step of the sum is; 100 stays below the limiter's knee, 5000 does not.
void MinusOwn(benchmark::State& state) {
  Frame frame(static_cast<int32_t>(state.range(0)));
  for (auto _ : state) {
    SubtractAndLimit(frame.sum.data(), frame.own.data(), frame.out.data(), kSamples);
    benchmark::DoNotOptimize(frame);
  }
}

void MinusOwnScalar(benchmark::State& state) {
  Frame frame(static_cast<int32_t>(state.range(0)));
  for (auto _ : state) {
    scalar::SubtractAndLimit(frame.sum.data(), frame.own.data(), frame.out.data(), kSamples);
    benchmark::DoNotOptimize(frame);
  }
}

void Listener(benchmark::State& state) {
  Frame frame(static_cast<int32_t>(state.range(0)));
  for (auto _ : state) {
    Limit(frame.sum.data(), frame.out.data(), kSamples);
    benchmark::DoNotOptimize(frame);
  }
}

void Measure(benchmark::State& state) {
  Frame frame(100);
  for (auto _ : state) {
    Level level = MeasureLevel(frame.own.data(), kSamples);
    benchmark::DoNotOptimize(level);
    benchmark::DoNotOptimize(frame);
  }
}

BENCHMARK(Add);
BENCHMARK(MinusOwn)->Arg(100)->Arg(5'000);
BENCHMARK(MinusOwnScalar)->Arg(100)->Arg(5'000);
BENCHMARK(Listener)->Arg(100)->Arg(5'000);
BENCHMARK(Measure);

}  // namespace
}  // namespace tutti::mediaplane

BENCHMARK_MAIN();
