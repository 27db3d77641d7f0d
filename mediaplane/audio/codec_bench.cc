#include <benchmark/benchmark.h>

#include <array>

#include "mediaplane/audio/codec.h"

namespace tutti::mediaplane {
namespace {

std::array<int16_t, kSamplesPerFrameMax> Samples() {
  std::array<int16_t, kSamplesPerFrameMax> samples;
  for (size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<int16_t>((i * 7919) % 16'000 - 8'000);
  return samples;
}

// Argument: the codec.
void EncodeFrame(benchmark::State& state) {
  Encoder encoder(static_cast<Codec>(state.range(0)));
  state.SetLabel(encoder.format().name);
  const auto in = Samples();
  std::array<uint8_t, kBytesPerFrameMax> out;
  for (auto _ : state) {
    encoder.Encode(in.data(), out.data());
    benchmark::DoNotOptimize(out);
  }
}

void DecodeFrame(benchmark::State& state) {
  const auto codec = static_cast<Codec>(state.range(0));
  Encoder encoder(codec);
  Decoder decoder(codec);
  state.SetLabel(decoder.format().name);
  std::array<uint8_t, kBytesPerFrameMax> in;
  encoder.Encode(Samples().data(), in.data());
  std::array<int16_t, kSamplesPerFrameMax> out;
  for (auto _ : state) {
    decoder.Decode(in.data(), out.data());
    benchmark::DoNotOptimize(out);
  }
}

// A lost frame after a good one: with the search for the pitch.
void ConcealFrame(benchmark::State& state) {
  const auto codec = static_cast<Codec>(state.range(0));
  Encoder encoder(codec);
  Decoder decoder(codec);
  state.SetLabel(decoder.format().name);
  std::array<uint8_t, kBytesPerFrameMax> in;
  encoder.Encode(Samples().data(), in.data());
  std::array<int16_t, kSamplesPerFrameMax> out;
  decoder.Decode(in.data(), out.data());
  for (auto _ : state) {
    Decoder fresh = decoder;
    fresh.Conceal(out.data());
    benchmark::DoNotOptimize(out);
  }
}

BENCHMARK(EncodeFrame)->DenseRange(static_cast<int>(Codec::kPcmu), static_cast<int>(Codec::kL16At16000));
BENCHMARK(DecodeFrame)->DenseRange(static_cast<int>(Codec::kPcmu), static_cast<int>(Codec::kL16At16000));
BENCHMARK(ConcealFrame)->Arg(static_cast<int>(Codec::kPcmu))->Arg(static_cast<int>(Codec::kG722));

}  // namespace
}  // namespace tutti::mediaplane

BENCHMARK_MAIN();
