#include "tools/caller/payload.h"

#include "mediaplane/audio/g711.h"
#include "mediaplane/audio/l16.h"

namespace tutti::tools {

using mediaplane::Codec;

std::vector<int16_t> PayloadDecoder::Decode(std::span<const uint8_t> payload) {
  std::vector<int16_t> samples;
  switch (codec_) {
    case Codec::kPcmu:
      samples.resize(payload.size());
      mediaplane::DecodePcmu(payload.data(), samples.data(), samples.size());
      break;
    case Codec::kPcma:
      samples.resize(payload.size());
      mediaplane::DecodePcma(payload.data(), samples.data(), samples.size());
      break;
    case Codec::kG722:
      samples.resize(payload.size() * 2);
      g722_.Decode(payload.data(), payload.size(), samples.data());
      break;
    case Codec::kL16At8000:
    case Codec::kL16At16000:
      samples.resize(payload.size() / 2);
      mediaplane::DecodeL16(payload.data(), samples.data(), samples.size());
      break;
    default:
      break;
  }
  return samples;
}

size_t PayloadEncoder::Encode(std::span<const int16_t> samples, uint8_t* out) {
  switch (codec_) {
    case Codec::kPcmu:
      mediaplane::EncodePcmu(samples.data(), out, samples.size());
      return samples.size();
    case Codec::kPcma:
      mediaplane::EncodePcma(samples.data(), out, samples.size());
      return samples.size();
    case Codec::kG722:
      g722_.Encode(samples.data(), samples.size(), out);
      return samples.size() / 2;
    case Codec::kL16At8000:
    case Codec::kL16At16000:
      mediaplane::EncodeL16(samples.data(), out, samples.size());
      return samples.size() * 2;
    default:
      return 0;
  }
}

}  // namespace tutti::tools
