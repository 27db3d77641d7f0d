#include "mediaplane/recording/wav.h"

#include <string_view>

namespace tutti::mediaplane {
namespace {

constexpr uint32_t kFormatBytes = 16;
constexpr uint32_t kSizesBytes = 28;
constexpr uint16_t kPcm = 1;

class Writer {
 public:
  explicit Writer(std::array<uint8_t, kWavHeaderBytes>& out) : out_(out) {}

  void Name(std::string_view name) {
    for (const char c : name) out_[at_++] = static_cast<uint8_t>(c);
  }
  template <typename T>
  void Number(T value) {
    for (size_t i = 0; i < sizeof(T); ++i) out_[at_++] = static_cast<uint8_t>(uint64_t{value} >> 8 * i);
  }

 private:
  std::array<uint8_t, kWavHeaderBytes>& out_;
  size_t at_ = 0;
};

}  // namespace

std::array<uint8_t, kWavHeaderBytes> MakeWavHeader(uint32_t sample_rate_hz, uint64_t data_bytes) {
  const bool plain = data_bytes <= kWavDataBytesMax;
  const uint64_t riff_bytes = data_bytes + kWavHeaderBytes - 8;
  std::array<uint8_t, kWavHeaderBytes> header = {};
  Writer out(header);
  out.Name(plain ? "RIFF" : "RF64");
  out.Number(plain ? static_cast<uint32_t>(riff_bytes) : UINT32_MAX);
  out.Name("WAVE");
  out.Name(plain ? "JUNK" : "ds64");
  out.Number(kSizesBytes);
  out.Number(plain ? 0 : riff_bytes);
  out.Number(plain ? 0 : data_bytes);
  out.Number(plain ? 0 : data_bytes / kWavSampleBytes);
  out.Number(uint32_t{0});  // no other chunk is that long
  out.Name("fmt ");
  out.Number(kFormatBytes);
  out.Number(kPcm);
  out.Number(uint16_t{1});
  out.Number(sample_rate_hz);
  out.Number(static_cast<uint32_t>(sample_rate_hz * kWavSampleBytes));
  out.Number(static_cast<uint16_t>(kWavSampleBytes));
  out.Number(static_cast<uint16_t>(8 * kWavSampleBytes));
  out.Name("data");
  out.Number(plain ? static_cast<uint32_t>(data_bytes) : UINT32_MAX);
  return header;
}

}  // namespace tutti::mediaplane
