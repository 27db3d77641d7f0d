#ifndef MEDIAPLANE_ENGINE_ENGINE_IMPL_H_
#define MEDIAPLANE_ENGINE_ENGINE_IMPL_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mediaplane/engine/bridge.h"
#include "mediaplane/engine/command.h"
#include "mediaplane/engine/engine.h"
#include "mediaplane/engine/leg.h"
#include "mediaplane/engine/placement.h"
#include "mediaplane/engine/ring.h"
#include "mediaplane/engine/slot_array.h"
#include "mediaplane/engine/tap.h"
#include "mediaplane/engine/worker.h"

namespace tutti::mediaplane {

// What is wanted of each leg and bridge, what is under way, and what has been
// reported. Control thread only.
class Engine::Impl {
 public:
  Impl(const EngineOptions& options, Endpoints& endpoints)
      : options_(options), endpoints_(endpoints), placement_(options.workers, options.phases) {}

  absl::Status Allocate();

  absl::StatusOr<AddedLeg> AddLeg(const LegMedia& media, bool rtcp_mux, BridgeSlot bridge, uint64_t tag,
                                  const LegSettings& settings);
  absl::Status UpdateLeg(LegSlot slot, const LegMedia& media);
  absl::Status SetLegBridge(LegSlot slot, BridgeSlot bridge, uint64_t tag, const LegSettings* settings);
  absl::Status SetLegSettings(LegSlot slot, const LegSettings& settings);
  absl::Status PlayToLeg(LegSlot slot, const Play& play);
  absl::Status StopLeg(LegSlot slot);
  absl::Status RemoveLeg(LegSlot slot, uint64_t tag);
  absl::StatusOr<BridgeSlot> AddBridge(const BridgeSettings& settings);
  absl::Status SetBridge(BridgeSlot slot, const BridgeSettings& settings);
  absl::Status PlayToBridge(BridgeSlot slot, const Play& play);
  absl::Status StopBridge(BridgeSlot slot);
  absl::Status SetBridgeTap(BridgeSlot slot, const BridgeTap& tap);
  absl::Status RemoveBridge(BridgeSlot slot);
  void Poll(std::vector<EngineEvent>& events);
  absl::StatusOr<LegView> GetLeg(LegSlot slot) const;

  bool Overloaded(unsigned worker) const {
    const WorkerCounters& counters = workers_[worker]->counters();
    return counters.load_permille.Get() > kLoadPermilleMax || counters.skipped_recently.Get() > 0;
  }

  // What is played to a leg or a bridge, from its Play to its kPlayEnded.
  struct PlayControl {
    enum class State : uint8_t { kNone, kWanted, kPosted };
    State state = State::kNone;
    bool stop_wanted = false;  // and not posted
    bool target_gone = false;  // that is why it is stopped
    uint32_t number = 0;
    Play play;

    // A command is needed.
    bool wishes() const { return state == State::kWanted ? !stop_wanted : state == State::kPosted && stop_wanted; }
    // It was stopped before it began; only Poll can tell.
    bool forgone() const { return state == State::kWanted && stop_wanted; }
  };

  struct LegControl {
    bool live = false;
    bool talking = false;          // as told
    bool settings_wanted = false;  // settings are newer than what the worker has
    bool in_flight = false;        // a command is under way
    bool pending = false;          // listed in pending_
    bool media_wanted = false;     // media is newer than what the worker has
    bool removal_wanted = false;
    Endpoint endpoint;
    LegMedia media;
    LegSettings settings;
    PlayControl play;
    uint32_t attached = 0;  // sequence of its last kStart or kMove that was completed
    Place place;            // where it lives, or goes to
    Command::Kind flight_kind = Command::Kind::kStart;
    BridgeSlot flight_bridge = kNoBridgeSlot;
    uint64_t flight_tag = 0;
    uint32_t sequence = 0;              // of the last command
    uint32_t generation = 0;            // of the slot's use
    BridgeSlot bridge = kNoBridgeSlot;  // as reported
    uint64_t tag = 0;
    BridgeSlot bridge_wanted = kNoBridgeSlot;
    uint64_t tag_wanted = 0;
    uint64_t removal_tag = 0;
  };

  struct BridgeControl {
    bool live = false;
    bool removal_wanted = false;
    bool in_flight = false;
    bool pending = false;  // listed in pending_bridges_
    bool settings_wanted = false;
    Place place;
    uint32_t legs = 0;        // as reported
    uint32_t references = 0;  // legs' bridge, bridge_wanted and flight; a command; a play
    uint32_t sequence = 0;    // of the last command
    // Sounds are held as long as a worker may read them.
    BridgeSettings settings;   // wanted
    BridgeSettings posted;     // by the command under way
    BridgeSettings on_worker;  // by the one before
    PlayControl play;
    BridgeTap tap;            // wanted
    bool tap_wanted = false;  // and newer than what the worker has
  };

  const EngineOptions options_;
  Endpoints& endpoints_;
  Placement placement_;
  SlotArray<Leg> legs_;
  SlotArray<Bridge> bridges_;
  SlotArray<LegMailbox> mailboxes_;
  SlotArray<LegLink> links_;
  SlotArray<BridgeMailbox> bridge_mailboxes_;
  std::vector<LegControl> leg_controls_;
  std::vector<BridgeControl> bridge_controls_;
  std::vector<LegSlot> free_legs_;
  std::vector<BridgeSlot> free_bridges_;
  std::vector<LegSlot> pending_;
  std::vector<BridgeSlot> pending_bridges_;
  // Those with a play that was posted; some may have ended.
  std::vector<LegSlot> playing_legs_;
  std::vector<BridgeSlot> playing_bridges_;
  uint32_t last_play_ = 0;
  std::vector<uint64_t> digits_lost_;             // [worker], as told
  std::vector<Ring<Command>> commands_;           // [worker]
  std::vector<Ring<WorkerEvent>> worker_events_;  // [worker]
  std::vector<Ring<LiveEvent>> live_events_;      // [worker]
  std::vector<TapRing> taps_;                     // [worker]
  std::vector<Ring<Handover>> handovers_;         // [from × workers + to]
  std::vector<std::unique_ptr<Worker>> workers_;

 private:
  LegControl* Live(LegSlot slot) {
    return slot < leg_controls_.size() && leg_controls_[slot].live ? &leg_controls_[slot] : nullptr;
  }
  bool Usable(BridgeSlot slot) const {
    return slot < bridge_controls_.size() && bridge_controls_[slot].live && !bridge_controls_[slot].removal_wanted;
  }
  absl::Status RoomFor(const LegControl& leg) const;
  void Refer(BridgeSlot& reference, BridgeSlot bridge);
  void ReleaseIfUnused(BridgeSlot slot);
  void Pend(LegSlot slot);
  bool Post(LegSlot slot, Command::Kind kind, BridgeSlot bridge, const Place& place, uint64_t tag, uint32_t what = 0);
  void PostNext(LegSlot slot, std::vector<EngineEvent>& events);
  void Complete(LegSlot slot, std::vector<EngineEvent>& events);
  void Leave(LegSlot slot, std::vector<EngineEvent>& events);
  void Join(LegSlot slot, BridgeSlot bridge, uint64_t tag, std::vector<EngineEvent>& events);
  void ReadWorkerEvents(std::vector<EngineEvent>& events);
  void ReadLiveEvents(std::vector<EngineEvent>& events);
  void TellTalking(LegSlot slot, std::vector<EngineEvent>& events);
  static bool Idle(const LegControl& leg) {
    return !leg.in_flight && !leg.media_wanted && !leg.settings_wanted && !leg.play.wishes() && !leg.play.forgone() &&
           !leg.removal_wanted && leg.bridge == leg.bridge_wanted && leg.tag == leg.tag_wanted;
  }

  // Bridges and plays. engine_play.cc
  void PendBridge(BridgeSlot slot);
  void PostBridge(BridgeSlot slot);
  void PollBridges(std::vector<EngineEvent>& events);
  void PollPlays(std::vector<EngineEvent>& events);
  absl::Status BeginPlay(PlayControl& control, const Play& play);
  static void EndPlay(PlayControl& control, PlayEnd end, LegSlot leg, BridgeSlot bridge,
                      std::vector<EngineEvent>& events);
  static Player MakePlayer(const PlayControl& control);
  static BridgeMailbox::Settings MakeSettings(const BridgeSettings& settings);
  // What of the leg's wishes a kUpdate is to carry, put into its mailbox.
  uint32_t FillMailbox(LegSlot slot);
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_ENGINE_IMPL_H_
