#ifndef MEDIAPLANE_NODE_REAL_MEDIA_ENGINE_H_
#define MEDIAPLANE_NODE_REAL_MEDIA_ENGINE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "mediaplane/engine/engine.h"
#include "mediaplane/node/media_engine.h"
#include "mediaplane/stream/stream_port.h"

namespace tutti::mediaplane {

// The engine and its lines behind the seam. Both outlive this.
class RealMediaEngine final : public MediaEngine {
 public:
  RealMediaEngine(Engine& engine, StreamEndpoints& streams) : engine_(engine), streams_(streams) {}

  absl::StatusOr<AddedLeg> AddLeg(const LegMedia& media, bool rtcp_mux, BridgeSlot bridge, uint64_t tag,
                                  const LegSettings& settings) override {
    return engine_.AddLeg(media, rtcp_mux, bridge, tag, settings);
  }
  absl::Status UpdateLeg(LegSlot leg, const LegMedia& media) override { return engine_.UpdateLeg(leg, media); }
  absl::Status SetLegBridge(LegSlot leg, BridgeSlot bridge, uint64_t tag, const LegSettings* settings) override {
    return engine_.SetLegBridge(leg, bridge, tag, settings);
  }
  absl::Status SetLegSettings(LegSlot leg, const LegSettings& settings) override {
    return engine_.SetLegSettings(leg, settings);
  }
  absl::Status PlayToLeg(LegSlot leg, const Play& play) override { return engine_.PlayToLeg(leg, play); }
  absl::Status StopLeg(LegSlot leg) override { return engine_.StopLeg(leg); }
  absl::Status RemoveLeg(LegSlot leg, uint64_t tag) override { return engine_.RemoveLeg(leg, tag); }
  absl::StatusOr<BridgeSlot> AddBridge(const BridgeSettings& settings) override { return engine_.AddBridge(settings); }
  absl::Status SetBridge(BridgeSlot bridge, const BridgeSettings& settings) override {
    return engine_.SetBridge(bridge, settings);
  }
  absl::Status PlayToBridge(BridgeSlot bridge, const Play& play) override { return engine_.PlayToBridge(bridge, play); }
  absl::Status StopBridge(BridgeSlot bridge) override { return engine_.StopBridge(bridge); }
  absl::Status SetBridgeTap(BridgeSlot bridge, const BridgeTap& tap) override {
    return engine_.SetBridgeTap(bridge, tap);
  }
  absl::Status RemoveBridge(BridgeSlot bridge) override { return engine_.RemoveBridge(bridge); }
  void Poll(std::vector<EngineEvent>& events) override { engine_.Poll(events); }
  absl::StatusOr<LegView> GetLeg(LegSlot leg) const override { return engine_.GetLeg(leg); }
  uint32_t bridge_leg_count(BridgeSlot bridge) const override { return engine_.bridge_leg_count(bridge); }
  std::shared_ptr<AudioLine> line(LegSlot leg) const override { return streams_.line(leg); }
  bool pending() const override { return engine_.pending(); }
  bool busy() const override { return engine_.busy(); }
  unsigned worker_count() const override { return engine_.worker_count(); }
  unsigned worker_load_percent(unsigned worker) const override { return engine_.worker_load_percent(worker); }

 private:
  Engine& engine_;
  StreamEndpoints& streams_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NODE_REAL_MEDIA_ENGINE_H_
