#ifndef MEDIAPLANE_ENGINE_WORKER_H_
#define MEDIAPLANE_ENGINE_WORKER_H_

#include <rte_mbuf.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "mediaplane/engine/bridge.h"
#include "mediaplane/engine/command.h"
#include "mediaplane/engine/counters.h"
#include "mediaplane/engine/leg.h"
#include "mediaplane/engine/mixer.h"
#include "mediaplane/engine/ring.h"
#include "mediaplane/engine/tap.h"
#include "mediaplane/port/port.h"

namespace tutti::mediaplane {

// Late ticks that are run back to back; older ones are skipped.
constexpr int kLateTicksMax = 3;
// A worker refuses new legs above this, of its time over kLoadWindow.
constexpr unsigned kLoadPermilleMax = 800;
constexpr int kLoadWindowSeconds = 5;

// One core's share of the media: the legs and bridges that live here, and the
// ticks that serve them. Shares nothing with other workers but slots that are
// handed over through rings. RunOnce and Finished are called on the worker's
// thread; they never allocate, lock, log, throw, or call the system (but for
// the kernel-UDP port).
//
// Time is cut into slots of 20 ms / phases, numbered from the clock's zero, so
// all workers share the grid; slot n belongs to phase n % phases.
class Worker {
 public:
  struct Parts {
    unsigned index = 0;
    EngineOptions options;
    Port* port = nullptr;
    std::span<Leg> legs;  // all of the node; a worker touches its own
    std::span<LegMailbox> mailboxes;
    std::span<LegLink> links;
    std::span<Bridge> bridges;
    std::span<BridgeMailbox> bridge_mailboxes;
    Ring<Command>* commands = nullptr;           // from the control thread
    Ring<WorkerEvent>* events = nullptr;         // to it
    Ring<LiveEvent>* live_events = nullptr;      // to it; may lose some
    TapRing* taps = nullptr;                     // to who takes them; may lose some
    std::vector<Ring<Handover>*> handovers_in;   // [from worker]
    std::vector<Ring<Handover>*> handovers_out;  // [to worker]
  };

  explicit Worker(Parts parts);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // One round: when a slot is due, receives for its phase, runs its ticks, sends, and
  // carries out commands; a polling worker receives and takes commands in any
  // case. At most one slot a call. Returns when to call again, at most 20 ms
  // after now; a time that has passed means at once.
  int64_t RunOnce(int64_t now_ns);

  // The round that RunOnce(now_ns) began has ended: accounts for its time.
  void Finished(int64_t begin_ns, int64_t end_ns);

  unsigned index() const { return parts_.index; }
  bool polling() const { return parts_.options.polling; }
  WorkerCounters& counters() { return counters_; }
  const WorkerCounters& counters() const { return counters_; }
  // Set when an event did not fit into its ring; the control thread clears it.
  std::atomic<bool>& events_lost() { return events_lost_; }
  // Set when the control thread must look for itself who talks; it clears it.
  std::atomic<bool>& live_events_lost() { return live_events_lost_; }

 private:
  struct Phase {
    LegSlot loose_first = kNoLegSlot;  // legs in no bridge
    BridgeSlot bridge_first = kNoBridgeSlot;
    uint32_t legs = 0;  // in bridges and loose
    uint32_t g722_legs = 0;
    CommonSilence silence;

    bool occupied() const { return legs > 0 || bridge_first != kNoBridgeSlot; }
  };

  // Slots. worker.cc
  void SkipLateSlots(int64_t now_ns);
  void RunSlot(int64_t now_ns);
  void AdvanceSlot();
  void RollLoadWindow(int64_t now_ns);

  // Commands. worker_command.cc
  void TakeHandovers();
  void TakeCommands(int64_t now_ns);
  bool CarryOut(const Command& command, int64_t now_ns);  // false: try again next round
  void Start(const Command& command, int64_t now_ns);
  void Update(const Command& command, int64_t now_ns);
  void Apply(Leg& leg, const LegMedia& media, int64_t now_ns, bool anew);
  void ApplySettings(Leg& leg, const LegSettings& settings);
  bool Move(const Command& command);
  void Arrive(const Command& command);
  void Remove(const Command& command, int64_t now_ns);
  void Link(LegSlot slot, BridgeSlot bridge, unsigned phase);
  void Unlink(LegSlot slot);
  void Count(const Leg& leg, Bridge& bridge, int change);

  // Bridges, and what is played to them. worker_bridge.cc
  void UpdateBridge(const Command& command);
  void Apply(Bridge& bridge, const BridgeMailbox::Settings& settings);
  void LinkBridge(BridgeSlot slot);
  void UnlinkBridge(BridgeSlot slot);
  void AddTail(Bridge& bridge, MixRate rate, const int16_t* faded);
  void AddTailOf(Bridge& bridge, const Leg& leg);
  void MixTails(Bridge& bridge);
  void MixSounds(Bridge& bridge);
  void EndTick(BridgeSlot slot, Bridge& bridge);

  // What is told of tapped bridges. worker_tap.cc
  void SetTap(BridgeSlot slot, Bridge& bridge, const BridgeTap& tap);
  TapMessage* BeginTap(BridgeSlot slot, const Bridge& bridge, TapMessage::Kind kind, int64_t tick_ns);
  void TapMember(TapMessage::Kind kind, LegSlot leg);
  void TapLeg(BridgeSlot slot, const Bridge& bridge, LegSlot leg, int64_t tick_ns);
  void TapTick(BridgeSlot slot, const Bridge& bridge, int64_t tick_ns);

  // Packets in. worker_receive.cc
  void Receive(unsigned phase);
  void OnPacket(rte_mbuf* packet);
  void OnRtp(LegSlot slot, Leg& leg, const PacketMeta& meta, std::span<const uint8_t> bytes);
  void OnAudio(Leg& leg, const RtpPacket& packet, int64_t arrival_ns);
  void OnTelephoneEvent(LegSlot slot, Leg& leg, const RtpPacket& packet, int64_t arrival_ns);
  void TellDigit(LegSlot slot, const Leg& leg, const DtmfReceiver::Digit& digit);
  void TellTalking(LegSlot slot, Leg& leg);
  void OnRtcp(Leg& leg, const PacketMeta& meta, std::span<const uint8_t> bytes);
  void Drop(Leg& leg, EngineDrop reason);

  // Ticks. worker_tick.cc
  void TickPhase(Phase& phase, int64_t tick_ns);
  void Gather(const Phase& phase);
  void TickBridge(BridgeSlot slot, Bridge& bridge, size_t begin, int64_t tick_ns);
  void TickLoose(size_t begin, int64_t tick_ns);
  bool BeginFrame(LegSlot slot, Leg& leg, int64_t tick_ns);
  bool PullFrame(LegSlot slot, Leg& leg, const Bridge* bridge, int64_t tick_ns);
  void Switch(Leg& leg);
  JitterFrame::Kind PullSamples(Leg& leg, int64_t tick_ns, uint64_t& sum_squares);
  JitterFrame::Kind DecodeFrame(Leg& leg, int64_t tick_ns, uint64_t& sum_squares);

  void LeaveSharedStream(Leg& leg);
  void SendMix(LegSlot slot, Leg& leg, Bridge& bridge);
  void SendSilence(LegSlot slot, Leg& leg);
  std::span<const uint8_t> EncodeOwn(Leg& leg, const int16_t* heard);
  void SendFrame(LegSlot slot, Leg& leg, std::span<const uint8_t> payload);
  rte_mbuf* NewPacket();
  void Queue(rte_mbuf* packet);
  void Flush();

  // Legs that hear something of their own. worker_hear.cc
  void Whisper(LegSlot slot, Leg& leg, const Bridge& bridge);
  bool Whispers(const Leg& from, LegSlot to_slot, const Leg& to) const;
  void SendSpecial(LegSlot slot, Leg& leg, Bridge* bridge);
  void AddHeard(LegSlot slot, const Leg& leg, const Bridge& bridge, bool heard_room, bool heard_hold);
  void AddPlay(Leg& leg);

  // What is done for a leg every half second. worker_chores.cc
  void Chores(LegSlot slot, Leg& leg, int64_t now_ns);
  void Publish(Leg& leg);
  void CheckMediaTimeout(LegSlot slot, Leg& leg, int64_t now_ns);
  void SendReport(LegSlot slot, Leg& leg, int64_t now_ns, bool bye);

  const Parts parts_;
  const int64_t slot_ns_;
  WorkerCounters counters_;
  std::atomic<bool> events_lost_ = false;
  std::atomic<bool> live_events_lost_ = false;

  std::vector<Phase> phases_;
  std::vector<uint8_t> mine_;  // [leg slot]: lives here
  int64_t next_slot_ = -1;
  bool worked_ = false;    // this round did something
  bool ran_slot_ = false;  // this round ran a slot that somebody lives in

  // A command that could not be carried out yet, and so stays the first.
  bool stalled_ = false;
  Command stalled_command_;

  // Scratch of one tick.
  std::vector<LegSlot> members_;  // as many as member_count_
  size_t member_count_ = 0;
  // Exclusive legs of the bridge that speak in this tick, as many as whispering_.
  std::vector<LegSlot> whisperers_;
  size_t whispering_ = 0;
  Mixer mixer_;
  alignas(64) std::array<int32_t, kSamplesPerFrameMax> wide_;
  alignas(64) std::array<int16_t, kSamplesPerFrameMax> samples_;
  alignas(64) std::array<uint8_t, kBytesPerFrameMax> bytes_;

  static constexpr unsigned kBurst = 64;
  std::array<rte_mbuf*, kBurst> spare_ = {};  // allocated, not yet used
  unsigned spare_count_ = 0;
  std::array<rte_mbuf*, kBurst> out_ = {};
  unsigned out_count_ = 0;

  // Busy time, one cell a second.
  std::array<int64_t, kLoadWindowSeconds> busy_ns_ = {};
  std::array<uint64_t, kLoadWindowSeconds> skipped_ = {};
  int64_t load_second_ = -1;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_ENGINE_WORKER_H_
