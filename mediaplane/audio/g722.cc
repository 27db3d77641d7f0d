#include "mediaplane/audio/g722.h"

#include <cstring>

namespace tutti::mediaplane {
namespace {

constexpr int kBitsPerSecond = 64'000;

}  // namespace

void G722Decoder::Reset() { g722_decode_init(&state_, kBitsPerSecond, 0); }

void G722Decoder::Decode(const uint8_t* in, size_t bytes, int16_t* out) {
  g722_decode(&state_, out, in, static_cast<int>(bytes));
}

void G722Encoder::Reset() { g722_encode_init(&state_, kBitsPerSecond, 0); }

void G722Encoder::Encode(const int16_t* in, size_t samples, uint8_t* out) {
  g722_encode(&state_, out, in, static_cast<int>(samples));
}

bool G722Encoder::SameState(const G722Encoder& other) const {
  // spandsp clears the state at the start, padding too.
  return std::memcmp(&state_, &other.state_, sizeof(state_)) == 0;
}

}  // namespace tutti::mediaplane
