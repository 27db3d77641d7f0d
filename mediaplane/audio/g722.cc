#include "mediaplane/audio/g722.h"

#include <cstring>

namespace tutti::mediaplane {
namespace {

constexpr int kBitsPerSecond = 64'000;
constexpr int kHistory = 12;  // samples that spandsp's band splitter keeps, in rings

bool SameRing(const int16_t* a, int a_next, const int16_t* b, int b_next) {
  for (int i = 0; i < kHistory; ++i) {
    if (a[(a_next + i) % kHistory] != b[(b_next + i) % kHistory]) return false;
  }
  return true;
}

static_assert(sizeof(g722_band_t) == 22 * sizeof(int16_t), "no padding, so bytes can be compared");

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
  return std::memcmp(state_.band, other.state_.band, sizeof(state_.band)) == 0 &&
         SameRing(state_.x, state_.ptr, other.state_.x, other.state_.ptr) &&
         SameRing(state_.y, state_.ptr, other.state_.y, other.state_.ptr);
}

}  // namespace tutti::mediaplane
