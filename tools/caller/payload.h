#ifndef TOOLS_CALLER_PAYLOAD_H_
#define TOOLS_CALLER_PAYLOAD_H_

#include <cstdint>
#include <span>
#include <vector>

#include "mediaplane/audio/format.h"
#include "mediaplane/audio/g722.h"

namespace tutti::tools {

// RTP payloads of any length to samples. G.722 has a state: in order, please.
class PayloadDecoder {
 public:
  explicit PayloadDecoder(mediaplane::Codec codec) : codec_(codec) {}
  std::vector<int16_t> Decode(std::span<const uint8_t> payload);

 private:
  const mediaplane::Codec codec_;
  mediaplane::G722Decoder g722_;
};

class PayloadEncoder {
 public:
  explicit PayloadEncoder(mediaplane::Codec codec) : codec_(codec) {}
  // Returns the bytes written; `out` has kBytesPerFrameMax for each 20 ms.
  size_t Encode(std::span<const int16_t> samples, uint8_t* out);

 private:
  const mediaplane::Codec codec_;
  mediaplane::G722Encoder g722_;
};

}  // namespace tutti::tools

#endif  // TOOLS_CALLER_PAYLOAD_H_
