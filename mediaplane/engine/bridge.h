#ifndef MEDIAPLANE_ENGINE_BRIDGE_H_
#define MEDIAPLANE_ENGINE_BRIDGE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "mediaplane/audio/format.h"
#include "mediaplane/audio/resample.h"
#include "mediaplane/engine/encoder_stream.h"
#include "mediaplane/engine/engine.h"
#include "mediaplane/port/port.h"

namespace tutti::mediaplane {

// A mix and who is in it. Set up by the control thread before its first leg,
// then touched by its worker alone, until the last leg has left.
struct alignas(64) Bridge {
  LegSlot leg_first = kNoLegSlot;
  BridgeSlot next = kNoBridgeSlot;  // in the phase's list, while it has legs
  BridgeSlot previous = kNoBridgeSlot;
  uint16_t phase = 0;
  uint32_t legs = 0;
  std::array<uint32_t, static_cast<size_t>(MixRate::kCount)> rate_legs = {};
  uint32_t g722_legs = 0;

  // What all listeners of the only codec with memory are sent; runs every tick
  // while a leg of it is here.
  EncoderStream g722;
  Upsampler up;
  Downsampler down;

  void Reset(uint16_t at_phase) {
    *this = Bridge();
    phase = at_phase;
  }
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_BRIDGE_H_
