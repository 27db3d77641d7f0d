#ifndef MEDIAPLANE_ENGINE_COMMAND_H_
#define MEDIAPLANE_ENGINE_COMMAND_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <type_traits>

#include "mediaplane/engine/engine.h"
#include "mediaplane/engine/player.h"
#include "mediaplane/engine/tap.h"
#include "mediaplane/port/port.h"

namespace tutti::mediaplane {

// Commands a worker carries out in one round, and what its rings hold: a power of
// two less one.
constexpr unsigned kCommandsPerRound = 64;
constexpr unsigned kCommandRingSize = 4095;
constexpr unsigned kEventRingSize = 4095;
// Legs on their way from one worker to another, for each pair of workers.
constexpr unsigned kHandoverRingSize = 255;

// What of a mailbox is new: bits of Command::what.
constexpr uint32_t kWantMedia = 1;
constexpr uint32_t kWantSettings = 2;
constexpr uint32_t kWantPlay = 4;
constexpr uint32_t kWantStop = 8;
constexpr uint32_t kWantTap = 16;

// What the control thread asks of the worker that owns a leg or a bridge. At most
// one is under way for each; its completion is `done` = sequence.
struct Command {
  enum class Kind : uint32_t {
    kStart,   // take the leg from its mailbox, into `bridge` or none
    kUpdate,  // take what is new from its mailbox
    kMove,    // to `bridge` or none, at `worker` and `phase`; there, with new settings
    kRemove,
    kBridge,  // no leg: take what is new from the bridge's mailbox
  };
  Kind kind = Kind::kStart;
  LegSlot leg = kNoLegSlot;
  BridgeSlot bridge = kNoBridgeSlot;
  uint32_t sequence = 0;
  uint16_t worker = 0;
  uint16_t phase = 0;
  uint32_t what = 0;
};
static_assert(sizeof(Command) == 24 && std::is_trivially_copyable_v<Command>);

// A leg that changes its worker: what is left to do there. Its state stays in
// its slot.
using Handover = Command;

// What a worker reports by itself. Completed commands are no events: their
// outcome is read from the leg's slot, so none can be lost.
struct WorkerEvent {
  enum class Kind : uint32_t { kMediaTimeout };
  Kind kind = Kind::kMediaTimeout;
  LegSlot leg = kNoLegSlot;
  uint32_t generation = 0;  // of the slot, so that an event of its last owner is known
  uint32_t unused = 0;
};
static_assert(sizeof(WorkerEvent) == 16 && std::is_trivially_copyable_v<WorkerEvent>);

// What may be lost, and is counted then. Who talks is read from the leg's slot: of
// that only the hint is lost.
struct LiveEvent {
  enum class Kind : uint16_t { kTalking, kDtmf };
  Kind kind = Kind::kTalking;
  char digit = 0;
  uint8_t unused = 0;
  LegSlot leg = kNoLegSlot;
  uint32_t generation = 0;
  uint32_t duration_ms = 0;
};
static_assert(sizeof(LiveEvent) == 16 && std::is_trivially_copyable_v<LiveEvent>);

// Written by the control thread before it posts kStart or kUpdate, read by the
// worker when it carries that out.
struct LegMailbox {
  Endpoint endpoint;
  LegMedia media;
  uint32_t generation = 0;
  // kStart: random.
  uint32_t ssrc = 0;
  uint32_t first_timestamp = 0;
  uint16_t first_sequence = 0;
  uint64_t seed = 0;
  LegSettings settings;
  Player play;
};

// Written by the control thread before it posts kBridge.
struct BridgeMailbox {
  struct Settings {
    bool parted = false;
    Loop waiting;
    Loop hold;
  };
  Settings settings;
  Player play;
  BridgeTap tap;
  // Written by the worker.
  std::atomic<uint32_t> done = 0;
  PlayOutcome outcome;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_COMMAND_H_
