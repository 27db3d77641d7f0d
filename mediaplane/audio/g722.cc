#include "mediaplane/audio/g722.h"

#include <cstring>

namespace tutti::mediaplane {
namespace {

constexpr int kBitsPerSecond = 64'000;
// Quantiser steps of the lower and the upper band (Recommendation section 3.5) of an
// encoder that hears next to nothing. They are 32 and 8 at the start.
constexpr int kIdleStepLower = 64;
constexpr int kIdleStepUpper = 64;

bool Idle(const g722_encode_state_t& state) {
  return state.band[0].det <= kIdleStepLower && state.band[1].det <= kIdleStepUpper;
}

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

bool G722Encoder::CanBecome(const G722Encoder& other) const {
  return (Idle(state_) && Idle(other.state_)) || SameState(other);
}

}  // namespace tutti::mediaplane
