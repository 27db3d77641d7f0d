#ifndef MEDIAPLANE_ENGINE_TAP_H_
#define MEDIAPLANE_ENGINE_TAP_H_

#include <array>
#include <cstdint>
#include <type_traits>

#include "mediaplane/audio/format.h"
#include "mediaplane/engine/engine.h"
#include "mediaplane/engine/ring.h"

namespace tutti::mediaplane {

// What is told of a bridge while it has a tap. POD.
struct BridgeTap {
  // Names this tapping of the bridge in its messages, so that late ones of an older
  // one are known. Another id begins anew: who is there is told again. 0: no tap.
  uint32_t id = 0;
  bool mix_8000 = false;  // what a silent plain participant hears, at this rate
  bool mix_16000 = false;
  bool legs = false;  // each leg that is heard

  bool mix(MixRate rate) const { return rate == MixRate::k8000 ? mix_8000 : mix_16000; }
  bool operator==(const BridgeTap&) const = default;
};

// Who is in a bridge, from a join to a leave.
struct Presence {
  LegReference leg;
  // Of LegSettings: who is there by the leg. Another one in the same bridge leaves and
  // comes.
  uint32_t id = 0;

  bool operator==(const Presence&) const = default;
};

// One message of a worker, in the order in which things happened. A tick is told by
// its kLegs, then for each wanted rate a kMix or, where it is all silent, a kTick; one
// kTick where no rate is wanted. The last of them has `ends_tick`.
struct TapMessage {
  enum class Kind : uint8_t {
    kTick,
    kMix,        // samples, limited
    kLeg,        // who, samples as they went into the mix
    kLegJoined,  // who: it is in the bridge, from this tick on
    kLegLeft,    // who: and no more, from this tick on
  };
  Kind kind = Kind::kTick;
  MixRate rate = MixRate::k8000;  // of a mix or a leg; kCount: no rate is wanted
  bool ends_tick = false;
  uint8_t unused = 0;
  uint32_t tap = 0;  // BridgeTap::id
  BridgeSlot bridge = kNoBridgeSlot;
  Presence who;
  // The tick's nominal time, of the clock that the workers run by: steady, a
  // multiple of 20 ms later than the bridge's last one. A gap: ticks were skipped.
  int64_t tick_ns = 0;
  std::array<int16_t, kSamplesPerFrameMax> samples;  // SamplesPerFrame(rate) of them
};
static_assert(std::is_trivially_copyable_v<TapMessage> && sizeof(TapMessage) == 672);

// From a worker to the one thread that takes its messages. Full: samples are dropped
// (WorkerCounters::tap_messages_lost), so who takes them sees a gap. The last places
// are kept for who comes and goes.
using TapRing = Ring<TapMessage>;

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_TAP_H_
