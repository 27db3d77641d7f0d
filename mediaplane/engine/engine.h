#ifndef MEDIAPLANE_ENGINE_ENGINE_H_
#define MEDIAPLANE_ENGINE_ENGINE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mediaplane/audio/format.h"
#include "mediaplane/audio/sound.h"
#include "mediaplane/engine/counters.h"
#include "mediaplane/port/port.h"

namespace tutti::mediaplane {

class Worker;
template <typename T>
class Ring;
struct BridgeTap;
struct TapMessage;

// A slot of the node's bridge pool.
using BridgeSlot = uint32_t;
constexpr BridgeSlot kNoBridgeSlot = UINT32_MAX;

constexpr uint8_t kNoPayloadType = 255;

struct EngineOptions {
  unsigned workers = 1;  // 1–32
  // Sizes of the pools, taken and touched at the start.
  uint32_t legs_max = 4000;
  uint32_t bridges_max = 4000;
  // Moments within a tick at which bridges run, a divisor of 20: 4 on kernel
  // UDP (fewer wake-ups), 20 on ethdev (even load).
  unsigned phases = 4;
  // Whether workers poll their port all the time (ethdev) or drain it at their
  // ticks only (kernel UDP).
  bool polling = false;
  // Messages of taps that wait for who takes them, for each worker; 672 bytes each.
  // 0: bridges can have no tap.
  unsigned tap_ring_size = 0;
  // Where packets to be sent come from; the data room and private area are
  // those of port.h. Not owned.
  rte_mempool* packets = nullptr;
  // Randomness for SSRCs, first sequence numbers and timestamps; called on the
  // control thread. A test gives a seeded one.
  std::function<uint64_t()> random;
};

// What was negotiated for a leg's media. POD.
struct LegMedia {
  // Where we send, and the address that we accept from. An unspecified address
  // (hold by 0.0.0.0) in an update keeps the one before.
  SocketAddress remote_rtp;
  SocketAddress remote_rtcp;  // equals remote_rtp with rtcp-mux
  Codec codec = Codec::kPcmu;
  uint8_t payload_type = 0;                       // of `codec`, both ways
  uint8_t telephone_event_type = kNoPayloadType;  // received and told, never mixed
  bool may_send = true;                           // else nothing is sent but RTCP
  bool may_receive = true;                        // else RTP is counted and dropped, and the media timeout is off
  // Accept the first valid RTP of any address within 10 s of the answer (that
  // is: of AddLeg, or of the update that turned it on) and send there.
  bool symmetric = false;
  int64_t media_timeout_ms = 0;  // 0: never

  bool operator==(const LegMedia&) const = default;
};

// A leg, and not a later one in the same slot.
struct LegReference {
  LegSlot leg = kNoLegSlot;
  uint32_t generation = 0;

  bool operator==(const LegReference&) const = default;
};

constexpr size_t kHeardOnlyByMax = 8;
constexpr int kVolumeDbMin = -30;
constexpr int kVolumeDbMax = 10;

// What a participant's controls come to; they count in a bridge only. POD.
struct LegSettings {
  bool muted = false;      // nobody hears it
  bool deaf = false;       // it hears nothing of its bridge
  bool on_hold = false;    // both, and it hears the bridge's hold sound
  bool exclusive = false;  // heard by `heard_only_by` alone, hearing all
  int8_t volume_db = 0;    // of what others hear, kVolumeDbMin … kVolumeDbMax
  uint32_t presence = 0;   // Presence::id
  std::array<LegReference, kHeardOnlyByMax> heard_only_by = {};

  bool operator==(const LegSettings&) const = default;
};

struct BridgeSettings {
  bool parted = false;  // nobody hears anybody; all hear `waiting`
  // Repeated; null: silence. `hold` is for the legs on hold, one for all.
  std::shared_ptr<const Sound> waiting = nullptr;
  std::shared_ptr<const Sound> hold = nullptr;

  bool operator==(const BridgeSettings&) const = default;
};

// One play of a sound.
struct Play {
  std::shared_ptr<const Sound> sound = nullptr;
  uint64_t tag = 0;  // comes back in kPlayEnded
  bool loop = false;
  int volume_db = 0;          // kVolumeDbMin … kVolumeDbMax
  bool stop_on_dtmf = false;  // of a leg: ends when a digit begins
};

enum class PlayEnd : uint8_t { kFinished, kStopped, kDtmf, kTargetGone };

struct AddedLeg {
  LegSlot leg = kNoLegSlot;
  Endpoint endpoint;  // local addresses, for the answer
  uint32_t generation = 0;
};

struct EngineEvent {
  enum class Kind : uint8_t {
    kLegJoined,        // leg, bridge, tag: the leg is in the bridge's mix
    kLegLeft,          // leg, bridge, tag of its kLegJoined
    kLegRemoved,       // leg, tag of RemoveLeg, figures: the slot and the ports are free
    kLegMediaTimeout,  // leg; once for each silence
    kResync,           // a kLegMediaTimeout may be missing: read LegView of every leg
    kPlayEnded,        // leg or bridge, tag of its Play, end
    kLegTalking,       // leg, bridge, talking; every beginning has its end
    kLegDtmf,          // leg, digit, duration_ms
    kDtmfLost,         // tag: so many digits found no room
  };
  Kind kind = Kind::kResync;
  LegSlot leg = kNoLegSlot;
  BridgeSlot bridge = kNoBridgeSlot;
  uint64_t tag = 0;
  LegFigures figures;
  PlayEnd end = PlayEnd::kFinished;
  bool talking = false;
  char digit = 0;
  uint32_t duration_ms = 0;
};

// A leg as it is now.
struct LegView {
  // The bridge whose mix it is in, as far as Poll has told: kLegJoined and
  // kLegLeft agree with it.
  BridgeSlot bridge = kNoBridgeSlot;
  bool media_timed_out = false;
  bool talking = false;  // as kLegTalking told
  LegFigures figures;
};

// The media engine: legs, bridges and the workers that run them. This is the
// control side: every method is called on one thread, the control thread,
// except that each worker runs on a thread of its own (worker_thread.h) or is
// driven by a test.
//
// Nothing here waits for a worker. The methods record what is wanted and post at
// most one command at a time for each leg to the worker that owns it, through a
// bounded ring; Poll sees what has been done, reports it and posts what is wanted
// next. A wish that is overtaken by a newer one before it was begun is neither
// carried out nor reported. When a worker's ring is full, AddLeg, UpdateLeg and
// SetLegBridge answer RESOURCE_EXHAUSTED, reason MEDIA_NODE_BUSY, and change
// nothing; removals are never refused, they wait.
//
// A leg lives on the worker of its bridge. Joining a bridge of another worker
// hands its state and endpoint over between two ticks, without a missing packet.
class Engine {
 public:
  // Takes all memory. INVALID_ARGUMENT for options out of range,
  // RESOURCE_EXHAUSTED when memory is short. `endpoints` outlives the engine
  // and has a port for each worker. DPDK's EAL must have been started.
  static absl::StatusOr<std::unique_ptr<Engine>> Create(const EngineOptions& options, Endpoints& endpoints);

  // The workers' threads must have ended.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Opens an endpoint and starts a leg on it, in no bridge or in `bridge` (then
  // kLegJoined with `tag` follows). It sends a packet every 20 ms from now on.
  // Errors: RESOURCE_EXHAUSTED with reason MEDIA_NODE_BUSY (no slot or port
  // left, a full ring, or every worker is above 80 % of its time or skips ticks);
  // Endpoints::Open's.
  absl::StatusOr<AddedLeg> AddLeg(const LegMedia& media, bool rtcp_mux, BridgeSlot bridge = kNoBridgeSlot,
                                  uint64_t tag = 0, const LegSettings& settings = {});

  // A re-offer: new address, codec or direction. The source rule opens again
  // when the remote address or `symmetric` changed; the same media changes
  // nothing. NOT_FOUND for a slot that holds no leg.
  absl::Status UpdateLeg(LegSlot leg, const LegMedia& media);

  // Puts the leg into a bridge, or into none with kNoBridgeSlot. `tag` comes
  // back in kLegJoined and in its kLegLeft; the caller's revision. Each call
  // with another tag is an attachment of its own, also to the same bridge.
  // With `settings` these hold from its first moment there, and not before.
  absl::Status SetLegBridge(LegSlot leg, BridgeSlot bridge, uint64_t tag, const LegSettings* settings = nullptr);

  // What it hears and who hears it; fades over 5 ms. NOT_FOUND, MEDIA_NODE_BUSY.
  absl::Status SetLegSettings(LegSlot leg, const LegSettings& settings);

  // Plays a sound to the leg alone. One at a time: FAILED_PRECONDITION until
  // kPlayEnded of the last one, which follows in any case, before kLegRemoved.
  absl::Status PlayToLeg(LegSlot leg, const Play& play);
  // Ends what is played, if anything.
  absl::Status StopLeg(LegSlot leg);

  // Ends the leg: RTCP BYE, endpoint closed, slot freed. kLegLeft (when in a
  // bridge) and kLegRemoved follow. Until kLegRemoved the slot is this leg's;
  // repeating it changes nothing.
  absl::Status RemoveLeg(LegSlot leg, uint64_t tag);

  // A new empty bridge, placed on the least loaded worker. RESOURCE_EXHAUSTED
  // with reason MEDIA_NODE_BUSY when no slot is left.
  absl::StatusOr<BridgeSlot> AddBridge(const BridgeSettings& settings = {});

  absl::Status SetBridge(BridgeSlot bridge, const BridgeSettings& settings);

  // As for a leg, heard by all in the bridge and a part of its mix; goes on
  // while nobody is there.
  absl::Status PlayToBridge(BridgeSlot bridge, const Play& play);
  absl::Status StopBridge(BridgeSlot bridge);

  // What is told of the bridge (tap.h), instead of what was told before; goes on while
  // nobody is there, until the bridge is removed. FAILED_PRECONDITION without a ring.
  absl::Status SetBridgeTap(BridgeSlot bridge, const BridgeTap& tap);

  // Takes every leg out of the bridge (kLegLeft each) and frees its slot when
  // the last is out and kPlayEnded was told. The slot must not be used again by
  // the caller.
  absl::Status RemoveBridge(BridgeSlot bridge);

  // Looks at what the workers have done, appends events to `events`, and posts
  // commands that had to wait. To be called every few milliseconds.
  void Poll(std::vector<EngineEvent>& events);

  // The leg as it is now; NOT_FOUND for a slot that holds no leg.
  absl::StatusOr<LegView> GetLeg(LegSlot leg) const;

  // Legs that are attached to the bridge (as kLegJoined and kLegLeft told).
  uint32_t bridge_leg_count(BridgeSlot bridge) const;

  uint32_t leg_count() const;
  uint32_t bridge_count() const;
  // Something asked for is not done yet. Until then keep calling Poll, also at
  // the end: drain by removing all legs and polling until this is false.
  bool pending() const;
  // Something is played: poll often.
  bool playing() const;
  // Every worker refuses new legs.
  bool busy() const;

  // For threads, metrics and tests. counters() may be read by any thread.
  unsigned worker_count() const;
  // Messages of its bridges' taps; taken by one thread at a time, any.
  Ring<TapMessage>& tap_ring(unsigned worker);
  Worker& worker(unsigned index);
  const WorkerCounters& counters(unsigned worker) const;
  unsigned worker_load_percent(unsigned worker) const;
  // Commands waiting for the worker. Any thread.
  unsigned command_queue_depth(unsigned worker) const;
  const EngineOptions& options() const;

 private:
  class Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_ENGINE_H_
