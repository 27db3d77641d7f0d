#ifndef MEDIAPLANE_RECORDING_WAV_H_
#define MEDIAPLANE_RECORDING_WAV_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace tutti::mediaplane {

constexpr size_t kWavHeaderBytes = 80;
constexpr size_t kWavSampleBytes = 2;

// Up to here a file is plain WAV, whose sizes have 32 bits; from here on RF64.
constexpr uint64_t kWavDataBytesMax = UINT32_MAX - (kWavHeaderBytes - 8);

// The beginning of a file of 16 bit PCM, mono, whose samples follow to the file's end.
// Always as long: where RF64 (EBU Tech 3306) has its 64 bit sizes, WAV has a chunk that
// readers pass over, so a file becomes RF64 in place.
std::array<uint8_t, kWavHeaderBytes> MakeWavHeader(uint32_t sample_rate_hz, uint64_t data_bytes);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_RECORDING_WAV_H_
