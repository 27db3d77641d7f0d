#ifndef MEDIAPLANE_TAP_TAP_HUB_H_
#define MEDIAPLANE_TAP_TAP_HUB_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "mediaplane/audio/format.h"
#include "mediaplane/engine/engine.h"
#include "mediaplane/engine/tap.h"

namespace tutti::mediaplane {

// What a subscriber is told of a bridge. Who comes and goes is always told.
struct TapWants {
  bool mix_8000 = false;
  bool mix_16000 = false;
  bool legs = false;
};

// Told what happens in one bridge, in order. All calls of a hub come one at a time,
// on the thread that calls Drain or, within Subscribe, Unsubscribe and RemoveBridge,
// on the control thread. They must not call the hub and not wait for anything: every
// other subscriber waits for them. Times are ticks' (TapMessage::tick_ns); a jump
// means that ticks, or what was told of them, are missing.
class TapListener {
 public:
  virtual ~TapListener() = default;

  // It is in the bridge from this tick on. Those who are there at Subscribe come first.
  virtual void OnLegJoined(const Presence&, int64_t /*tick_ns*/) {}
  virtual void OnLegLeft(const Presence&, int64_t /*tick_ns*/) {}

  // With `legs`: what it adds to the mix in this tick, SamplesPerFrame(rate). A leg
  // that is not told of is silent; a re-offer may change its rate.
  virtual void OnLeg(const Presence&, MixRate /*rate*/, int64_t /*tick_ns*/, std::span<const int16_t>) {}

  // Every tick, for each mix that is wanted, after the legs: what a silent plain
  // participant hears at this rate; zeros are silence. Begins as soon as the bridge's
  // worker knows, in a bridge that others hear already maybe some ticks behind OnTick.
  virtual void OnMix(MixRate /*rate*/, int64_t /*tick_ns*/, std::span<const int16_t>) {}

  // Every tick, after all else of it.
  virtual void OnTick(int64_t /*tick_ns*/) {}
};

// Brings what the workers tell of tapped bridges to all who want to hear it: it taps a
// bridge while somebody does, for what all of them want together.
class TapHub {
 public:
  using Subscription = uint64_t;
  // Engine::SetBridgeTap.
  using SetTap = std::function<absl::Status(BridgeSlot, const BridgeTap&)>;

  // `rings` are the workers' and outlive the hub; nobody else takes from them.
  TapHub(SetTap set_tap, std::vector<TapRing*> rings);
  TapHub(const TapHub&) = delete;
  TapHub& operator=(const TapHub&) = delete;

  // From now on `listener` is told of the bridge; nothing of what was before. It
  // outlives the subscription. Errors: SetTap's. Control thread.
  absl::StatusOr<Subscription> Subscribe(BridgeSlot bridge, const TapWants& wants, TapListener& listener);

  // The listener is told what has happened until now, and then nothing more: once
  // this returns it may be destroyed. An unknown one changes nothing. Control thread.
  void Unsubscribe(Subscription subscription);

  // Before the bridge is removed from the engine, whose slot may then be another's:
  // ends all its subscriptions, as Unsubscribe does. Control thread.
  void RemoveBridge(BridgeSlot bridge);

  // Tells the listeners what is in the rings. Every 20 ms. Any thread.
  void Drain();

  // Of all subscriptions. Control thread.
  size_t subscriptions() const { return bridge_of_.size(); }
  // Messages that waited at a Drain, in the fullest ring, since the start. Any thread.
  unsigned depth_max() const { return depth_max_.load(std::memory_order_relaxed); }

 private:
  struct Subscriber {
    Subscription subscription = 0;
    TapWants wants;
    TapListener* listener = nullptr;
  };
  struct Tapped {
    BridgeTap tap;
    int64_t tick_ns = 0;  // of the last tick told
    std::vector<Presence> members;
    std::vector<Subscriber> subscribers;
  };

  BridgeTap Union(const Tapped& tapped) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DrainLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Tell(const TapMessage& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const SetTap set_tap_;
  const std::vector<TapRing*> rings_;
  // Control thread.
  absl::flat_hash_map<Subscription, BridgeSlot> bridge_of_;
  Subscription last_subscription_ = 0;
  uint32_t last_tap_ = 0;
  std::atomic<unsigned> depth_max_ = 0;
  absl::Mutex mutex_;
  absl::flat_hash_map<BridgeSlot, Tapped> bridges_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_TAP_TAP_HUB_H_
