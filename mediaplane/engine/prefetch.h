#ifndef MEDIAPLANE_ENGINE_PREFETCH_H_
#define MEDIAPLANE_ENGINE_PREFETCH_H_

#include <rte_prefetch.h>

#include <cstddef>
#include <cstdint>

#include "mediaplane/engine/leg.h"

namespace tutti::mediaplane {

// Legs (or packets) ahead of the one that is worked on whose memory is asked for.
// Most of a participant's cost is waiting for its memory: a thousand legs do not
// fit into a core's own cache.
constexpr size_t kPrefetchAhead = 4;

template <typename T>
inline void PrefetchLines(const T* object, size_t begin, size_t end) {
  const char* bytes = reinterpret_cast<const char*>(object);
  for (size_t at = begin; at < end; at += 64) rte_prefetch0(bytes + at);
}

// A jitter buffer's own members, and its first frame: at low delay it uses no other.
inline void PrefetchJitterBuffer(const JitterBuffer& jitter) {
  constexpr size_t kFrames = sizeof(JitterBuffer) - FrameStore::kBytes;
  constexpr size_t kSlots = FrameStore::kFramesMax * 16;
  PrefetchLines(&jitter, 0, 384);
  PrefetchLines(&jitter, kFrames - kSlots - 128, kFrames - kSlots + 64);
  PrefetchLines(&jitter, kFrames, kFrames + 160);
}

// What a received packet touches.
inline void PrefetchForPacket(const Leg& leg) {
  PrefetchLines(&leg, 0, 128);
  PrefetchLines(&leg.source, 0, sizeof(leg.source) + sizeof(leg.receive));
  rte_prefetch0(&leg.figures);
  PrefetchJitterBuffer(leg.jitter);
}

// What a tick touches.
inline void PrefetchForTick(const Leg& leg) {
  PrefetchLines(&leg, 0, 128);
  rte_prefetch0(&leg.figures);
  rte_prefetch0(&leg.decoder);
  PrefetchLines(&leg.decoder, sizeof(Decoder) - 640, sizeof(Decoder) - 448);
  PrefetchJitterBuffer(leg.jitter);
}

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_PREFETCH_H_
