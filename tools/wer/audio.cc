#include "tools/wer/audio.h"

#include "common/audio/pcm.h"
#include "common/audio/resampler.h"
#include "mediaplane/audio/g711.h"
#include "mediaplane/audio/g722.h"

namespace tutti::wer {
namespace {

std::vector<int16_t> AsIs(const std::vector<int16_t>& samples) { return samples; }

std::vector<int16_t> ThroughG722(const std::vector<int16_t>& samples) {
  mediaplane::G722Encoder encoder;
  std::string bytes(samples.size() / 2, '\0');
  encoder.Encode(samples.data(), bytes.size() * 2, reinterpret_cast<uint8_t*>(bytes.data()));
  return DecodeG722(bytes);
}

std::vector<int16_t> Half(const std::vector<int16_t>& samples) {
  Resampler resampler(16'000, 8'000);
  const std::vector<float> in(samples.begin(), samples.end());
  std::vector<float> out;
  resampler.Process(in, out);
  resampler.Finish(out);
  std::vector<int16_t> half;
  AppendPcm(out, half);
  return half;
}

std::vector<int16_t> ThroughPcmu(const std::vector<int16_t>& samples) {
  std::vector<int16_t> half = Half(samples);
  std::vector<uint8_t> codes(half.size());
  mediaplane::EncodePcmu(half.data(), codes.data(), half.size());
  mediaplane::DecodePcmu(codes.data(), half.data(), codes.size());
  return half;
}

}  // namespace

const std::vector<Way>& Ways() {
  static const std::vector<Way> ways = {{"16 kHz as it is", 16'000, AsIs},
                                        {"G.722", 16'000, ThroughG722},
                                        {"8 kHz L16", 8'000, Half},
                                        {"8 kHz PCMU", 8'000, ThroughPcmu}};
  return ways;
}

std::vector<int16_t> DecodeG722(const std::string& file) {
  mediaplane::G722Decoder decoder;
  std::vector<int16_t> samples(file.size() * 2);
  decoder.Decode(reinterpret_cast<const uint8_t*>(file.data()), file.size(), samples.data());
  return samples;
}

}  // namespace tutti::wer
