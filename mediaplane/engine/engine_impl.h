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
#include "mediaplane/engine/worker.h"

namespace tutti::mediaplane {

// What is wanted of each leg and bridge, what is under way, and what has been
// reported. Control thread only.
class Engine::Impl {
 public:
  Impl(const EngineOptions& options, Endpoints& endpoints)
      : options_(options), endpoints_(endpoints), placement_(options.workers, options.phases) {}

  absl::Status Allocate();

  absl::StatusOr<AddedLeg> AddLeg(const LegMedia& media, bool rtcp_mux, BridgeSlot bridge, uint64_t tag);
  absl::Status UpdateLeg(LegSlot slot, const LegMedia& media);
  absl::Status SetLegBridge(LegSlot slot, BridgeSlot bridge, uint64_t tag);
  absl::Status RemoveLeg(LegSlot slot, uint64_t tag);
  absl::StatusOr<BridgeSlot> AddBridge();
  absl::Status RemoveBridge(BridgeSlot slot);
  void Poll(std::vector<EngineEvent>& events);
  absl::StatusOr<LegView> GetLeg(LegSlot slot) const;

  bool Overloaded(unsigned worker) const {
    const WorkerCounters& counters = workers_[worker]->counters();
    return counters.load_permille.Get() > kLoadPermilleMax || counters.skipped_recently.Get() > 0;
  }

  struct LegControl {
    bool live = false;
    bool in_flight = false;     // a command is under way
    bool pending = false;       // listed in pending_
    bool media_wanted = false;  // media is newer than what the worker has
    bool removal_wanted = false;
    Endpoint endpoint;
    LegMedia media;
    Place place;  // where it lives, or goes to
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
    Place place;
    uint32_t legs = 0;        // as reported
    uint32_t references = 0;  // legs' bridge, bridge_wanted and flight
  };

  const EngineOptions options_;
  Endpoints& endpoints_;
  Placement placement_;
  SlotArray<Leg> legs_;
  SlotArray<Bridge> bridges_;
  SlotArray<LegMailbox> mailboxes_;
  SlotArray<LegLink> links_;
  std::vector<LegControl> leg_controls_;
  std::vector<BridgeControl> bridge_controls_;
  std::vector<LegSlot> free_legs_;
  std::vector<BridgeSlot> free_bridges_;
  std::vector<LegSlot> pending_;
  std::vector<Ring<Command>> commands_;           // [worker]
  std::vector<Ring<WorkerEvent>> worker_events_;  // [worker]
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
  bool Post(LegSlot slot, Command::Kind kind, BridgeSlot bridge, const Place& place, uint64_t tag);
  void PostNext(LegSlot slot, std::vector<EngineEvent>& events);
  void Complete(LegSlot slot, std::vector<EngineEvent>& events);
  void Leave(LegSlot slot, std::vector<EngineEvent>& events);
  void Join(LegSlot slot, BridgeSlot bridge, uint64_t tag, std::vector<EngineEvent>& events);
  void ReadWorkerEvents(std::vector<EngineEvent>& events);
  static bool Idle(const LegControl& leg) {
    return !leg.in_flight && !leg.media_wanted && !leg.removal_wanted && leg.bridge == leg.bridge_wanted &&
           leg.tag == leg.tag_wanted;
  }
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_ENGINE_IMPL_H_
