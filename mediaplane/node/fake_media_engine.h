#ifndef MEDIAPLANE_NODE_FAKE_MEDIA_ENGINE_H_
#define MEDIAPLANE_NODE_FAKE_MEDIA_ENGINE_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/status/status.h"
#include "mediaplane/node/media_engine.h"
#include "mediaplane/port/address.h"
#include "mediaplane/stream/stream_port.h"

namespace tutti::mediaplane {

// Legs and bridges as entries of maps. What is asked is done at the next Poll,
// in order; a test may hold it back, fill the ring, or report anything.
class FakeMediaEngine final : public MediaEngine {
 public:
  struct FakeLeg {
    LegMedia media;
    LegSettings settings;
    bool playing = false;
    Play play;  // the last
    Endpoint endpoint;
    BridgeSlot bridge = kNoBridgeSlot;
    uint64_t tag = 0;
    LegView view;
    std::shared_ptr<AudioLine> line;
  };

  struct FakeBridge {
    uint32_t legs = 0;
    BridgeSettings settings;
    bool playing = false;
    Play play;
    BridgeTap tap;
  };

  absl::StatusOr<AddedLeg> AddLeg(const LegMedia& media, bool rtcp_mux, BridgeSlot bridge, uint64_t tag,
                                  const LegSettings& settings) override {
    if (ring_full) return Busy();
    const LegSlot slot = next_leg_++;
    FakeLeg& leg = legs[slot];
    leg.media = media;
    leg.settings = settings;
    leg.endpoint.leg = slot;
    leg.endpoint.rtp = ParseSocketAddress("127.0.0.1", static_cast<uint16_t>(10'000 + 2 * slot)).value();
    leg.endpoint.rtcp = leg.endpoint.rtp;
    if (!rtcp_mux) ++leg.endpoint.rtcp.port;
    if (IsStreamAddress(media.remote_rtp)) {
      leg.line = std::make_shared<AudioLine>(FormatOf(media.codec).rate, true, std::make_shared<StreamCounters>());
    }
    if (bridge != kNoBridgeSlot) Move(slot, bridge, tag);
    return AddedLeg{slot, leg.endpoint, kGeneration};
  }

  absl::Status UpdateLeg(LegSlot leg, const LegMedia& media) override {
    if (ring_full) return Busy();
    legs.at(leg).media = media;
    ++updates;
    return absl::OkStatus();
  }

  absl::Status SetLegBridge(LegSlot leg, BridgeSlot bridge, uint64_t tag, const LegSettings* settings) override {
    if (ring_full || bridge_ring_full) return Busy();
    if (settings != nullptr) legs.at(leg).settings = *settings;
    Move(leg, bridge, tag);
    return absl::OkStatus();
  }

  absl::Status SetLegSettings(LegSlot leg, const LegSettings& settings) override {
    if (ring_full) return Busy();
    legs.at(leg).settings = settings;
    return absl::OkStatus();
  }

  absl::Status PlayToLeg(LegSlot leg, const Play& play) override {
    if (ring_full) return Busy();
    if (std::exchange(legs.at(leg).playing, true)) return absl::FailedPreconditionError("one at a time");
    legs.at(leg).play = play;
    return absl::OkStatus();
  }

  absl::Status StopLeg(LegSlot leg) override {
    if (legs.at(leg).playing) EndPlay(leg, kNoBridgeSlot, PlayEnd::kStopped);
    return absl::OkStatus();
  }

  absl::Status SetBridge(BridgeSlot bridge, const BridgeSettings& settings) override {
    bridges.at(bridge).settings = settings;
    return absl::OkStatus();
  }

  absl::Status PlayToBridge(BridgeSlot bridge, const Play& play) override {
    if (std::exchange(bridges.at(bridge).playing, true)) return absl::FailedPreconditionError("one at a time");
    bridges.at(bridge).play = play;
    return absl::OkStatus();
  }

  absl::Status StopBridge(BridgeSlot bridge) override {
    if (bridges.at(bridge).playing) EndPlay(kNoLegSlot, bridge, PlayEnd::kStopped);
    return absl::OkStatus();
  }

  // What is played to a leg or a bridge ends, as Poll will tell.
  void EndPlay(LegSlot leg, BridgeSlot bridge, PlayEnd end) {
    EngineEvent event;
    event.kind = EngineEvent::Kind::kPlayEnded;
    event.leg = leg;
    event.bridge = bridge;
    event.end = end;
    Report(event);
  }

  absl::Status RemoveLeg(LegSlot leg, uint64_t tag) override {
    if (ring_full) return Busy();
    Move(leg, kNoBridgeSlot, tag);
    if (legs.at(leg).playing) EndPlay(leg, kNoBridgeSlot, PlayEnd::kTargetGone);
    Report(EngineEvent::Kind::kLegRemoved, leg, kNoBridgeSlot, tag);
    return absl::OkStatus();
  }

  absl::StatusOr<BridgeSlot> AddBridge(const BridgeSettings& settings) override {
    if (ring_full) return Busy();
    bridges[next_bridge_].settings = settings;
    return next_bridge_++;
  }

  absl::Status SetBridgeTap(BridgeSlot bridge, const BridgeTap& tap) override {
    bridges.at(bridge).tap = tap;
    return absl::OkStatus();
  }

  absl::Status RemoveBridge(BridgeSlot bridge) override {
    for (auto& [slot, leg] : legs) {
      if (leg.bridge == bridge) Move(slot, kNoBridgeSlot, 0);
    }
    if (bridges.at(bridge).playing) EndPlay(kNoLegSlot, bridge, PlayEnd::kTargetGone);
    bridges.erase(bridge);
    return absl::OkStatus();
  }

  void Poll(std::vector<EngineEvent>& events) override {
    if (held_back) return;
    for (EngineEvent& event : waiting_) {
      const auto bridge = bridges.find(event.bridge);
      if (event.kind == EngineEvent::Kind::kLegJoined && bridge != bridges.end()) ++bridge->second.legs;
      if (event.kind == EngineEvent::Kind::kLegLeft && bridge != bridges.end()) --bridge->second.legs;
      if (event.kind == EngineEvent::Kind::kPlayEnded) {
        if (event.leg != kNoLegSlot) legs.at(event.leg).playing = false;
        if (bridge != bridges.end()) bridge->second.playing = false;
      }
      if (event.kind == EngineEvent::Kind::kLegRemoved) {
        event.figures = legs.at(event.leg).view.figures;
        legs.erase(event.leg);
      }
      events.push_back(event);
    }
    waiting_.clear();
  }

  absl::StatusOr<LegView> GetLeg(LegSlot leg) const override {
    const auto it = legs.find(leg);
    if (it == legs.end()) return absl::NotFoundError("no leg");
    return it->second.view;
  }

  uint32_t bridge_leg_count(BridgeSlot bridge) const override {
    const auto it = bridges.find(bridge);
    return it == bridges.end() ? 0 : it->second.legs;
  }

  std::shared_ptr<AudioLine> line(LegSlot leg) const override { return legs.at(leg).line; }
  bool pending() const override { return !waiting_.empty(); }
  bool busy() const override { return refuses; }
  unsigned worker_count() const override { return 2; }
  unsigned worker_load_percent(unsigned worker) const override { return 10 * (worker + 1); }

  void Report(const EngineEvent& event) { waiting_.push_back(event); }
  void Report(EngineEvent::Kind kind, LegSlot leg, BridgeSlot bridge = kNoBridgeSlot, uint64_t tag = 0) {
    EngineEvent event;
    event.kind = kind;
    event.leg = leg;
    event.bridge = bridge;
    event.tag = tag;
    Report(event);
  }

  static constexpr uint32_t kGeneration = 3;  // of every leg

  std::map<LegSlot, FakeLeg> legs;
  std::map<BridgeSlot, FakeBridge> bridges;
  int updates = 0;
  bool ring_full = false;
  bool bridge_ring_full = false;  // for SetLegBridge alone
  bool held_back = false;
  bool refuses = false;

 private:
  static absl::Status Busy() {
    return Error(absl::StatusCode::kResourceExhausted, "MEDIA_NODE_BUSY", "the command ring is full");
  }

  void Move(LegSlot slot, BridgeSlot bridge, uint64_t tag) {
    FakeLeg& leg = legs.at(slot);
    if (leg.bridge != kNoBridgeSlot) Report(EngineEvent::Kind::kLegLeft, slot, leg.bridge, leg.tag);
    leg.bridge = bridge;
    leg.tag = tag;
    if (bridge != kNoBridgeSlot) Report(EngineEvent::Kind::kLegJoined, slot, bridge, tag);
  }

  std::vector<EngineEvent> waiting_;
  LegSlot next_leg_ = 0;
  BridgeSlot next_bridge_ = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NODE_FAKE_MEDIA_ENGINE_H_
