#include <benchmark/benchmark.h>

#include <array>

#include "mediaplane/audio/g711.h"

namespace tutti::mediaplane {
namespace {

constexpr size_t kSamples = 160;  // 20 ms

template <void (*kDecode)(const uint8_t*, int16_t*, size_t)>
void Decode(benchmark::State& state) {
  std::array<uint8_t, kSamples> in;
  std::array<int16_t, kSamples> out;
  for (size_t i = 0; i < kSamples; ++i) in[i] = static_cast<uint8_t>(i * 37);
  for (auto _ : state) {
    kDecode(in.data(), out.data(), kSamples);
    benchmark::DoNotOptimize(out);
  }
}

template <void (*kEncode)(const int16_t*, uint8_t*, size_t)>
void Encode(benchmark::State& state) {
  std::array<int16_t, kSamples> in;
  std::array<uint8_t, kSamples> out;
  for (size_t i = 0; i < kSamples; ++i) in[i] = static_cast<int16_t>(i * 4099);
  for (auto _ : state) {
    kEncode(in.data(), out.data(), kSamples);
    benchmark::DoNotOptimize(out);
  }
}

void ScalarDecode(const uint8_t* in, int16_t* out, size_t samples) {
  for (size_t i = 0; i < samples; ++i) out[i] = scalar::DecodePcmu(in[i]);
}

void ScalarEncode(const int16_t* in, uint8_t* out, size_t samples) {
  for (size_t i = 0; i < samples; ++i) out[i] = scalar::EncodePcmu(in[i]);
}

BENCHMARK(Decode<DecodePcmu>)->Name("DecodePcmu");
BENCHMARK(Decode<DecodePcma>)->Name("DecodePcma");
BENCHMARK(Decode<ScalarDecode>)->Name("DecodePcmuScalar");
BENCHMARK(Encode<EncodePcmu>)->Name("EncodePcmu");
BENCHMARK(Encode<EncodePcma>)->Name("EncodePcma");
BENCHMARK(Encode<ScalarEncode>)->Name("EncodePcmuScalar");

}  // namespace
}  // namespace tutti::mediaplane

BENCHMARK_MAIN();
