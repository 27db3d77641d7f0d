#ifndef MEDIAPLANE_ENGINE_BRIDGE_H_
#define MEDIAPLANE_ENGINE_BRIDGE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "mediaplane/audio/format.h"
#include "mediaplane/audio/resample.h"
#include "mediaplane/engine/encoder_stream.h"
#include "mediaplane/engine/engine.h"
#include "mediaplane/engine/player.h"
#include "mediaplane/engine/tap.h"
#include "mediaplane/port/port.h"

namespace tutti::mediaplane {

// 5 ms of the widest rate.
constexpr size_t kTailSamplesMax = kSamplesPerFrameMax / 4;

// A mix and who is in it. Set up by the control thread before its first leg, play
// or tap, then touched by its worker alone, until the last of them is gone.
struct alignas(64) Bridge {
  LegSlot leg_first = kNoLegSlot;
  BridgeSlot next = kNoBridgeSlot;  // in the phase's list, while it is needed
  BridgeSlot previous = kNoBridgeSlot;
  uint16_t phase = 0;
  bool linked = false;   // in that list
  bool parted = false;   // nobody hears anybody
  bool tail = false;     // `tails` has something
  bool on_hold = false;  // the hold sound was heard in this tick
  bool held = false;     // and in one before
  bool playing = false;  // `play` is active
  uint32_t legs = 0;
  std::array<uint32_t, static_cast<size_t>(MixRate::kCount)> rate_legs = {};
  uint32_t g722_legs = 0;

  // What all listeners of the only codec with memory are sent; runs every tick
  // while a leg of it is here.
  EncoderStream g722;
  Upsampler up;
  Downsampler down;

  BridgeTap tap;
  Player play;
  Loop waiting;  // while parted
  Loop hold;
  // The last 5 ms of what has left the mix, to be added to the next frame.
  std::array<std::array<int32_t, kTailSamplesMax>, static_cast<size_t>(MixRate::kCount)> tails = {};

  // Something beside its legs is in the mix.
  bool sounds() const { return playing || (parted && !waiting.empty()); }

  // Has something to do in a tick.
  bool needed() const { return legs > 0 || playing || tap.id != 0; }

  // Somebody hears the mix at this rate.
  bool heard(MixRate rate) const { return rate_legs[static_cast<size_t>(rate)] > 0 || tap.mix(rate); }

  // Who hears what has changed: a rate that nobody has any more leaves no echo for
  // the next who has it.
  void ForgetUnheard() {
    if (heard(MixRate::k8000) && heard(MixRate::k16000)) return;
    up.Reset();
    down.Reset();
  }

  void Reset(uint16_t at_phase) {
    *this = Bridge();
    phase = at_phase;
  }
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_BRIDGE_H_
