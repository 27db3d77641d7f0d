#ifndef MEDIAPLANE_NODE_MEDIA_ENGINE_H_
#define MEDIAPLANE_NODE_MEDIA_ENGINE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mediaplane/engine/engine.h"
#include "mediaplane/engine/tap.h"
#include "mediaplane/stream/audio_line.h"

namespace tutti::mediaplane {

// What the node asks of the media engine: a seam, so that the node's rules are
// tested without workers. The words and promises are engine.h's.
class MediaEngine {
 public:
  virtual ~MediaEngine() = default;

  virtual absl::StatusOr<AddedLeg> AddLeg(const LegMedia& media, bool rtcp_mux, BridgeSlot bridge, uint64_t tag,
                                          const LegSettings& settings) = 0;
  virtual absl::Status UpdateLeg(LegSlot leg, const LegMedia& media) = 0;
  virtual absl::Status SetLegBridge(LegSlot leg, BridgeSlot bridge, uint64_t tag, const LegSettings* settings) = 0;
  virtual absl::Status SetLegSettings(LegSlot leg, const LegSettings& settings) = 0;
  virtual absl::Status PlayToLeg(LegSlot leg, const Play& play) = 0;
  virtual absl::Status StopLeg(LegSlot leg) = 0;
  virtual absl::Status RemoveLeg(LegSlot leg, uint64_t tag) = 0;
  virtual absl::StatusOr<BridgeSlot> AddBridge(const BridgeSettings& settings) = 0;
  virtual absl::Status SetBridge(BridgeSlot bridge, const BridgeSettings& settings) = 0;
  virtual absl::Status PlayToBridge(BridgeSlot bridge, const Play& play) = 0;
  virtual absl::Status StopBridge(BridgeSlot bridge) = 0;
  virtual absl::Status SetBridgeTap(BridgeSlot bridge, const BridgeTap& tap) = 0;
  virtual absl::Status RemoveBridge(BridgeSlot bridge) = 0;
  virtual void Poll(std::vector<EngineEvent>& events) = 0;
  virtual absl::StatusOr<LegView> GetLeg(LegSlot leg) const = 0;
  virtual uint32_t bridge_leg_count(BridgeSlot bridge) const = 0;
  // Of a leg at a StreamAddress; null for others.
  virtual std::shared_ptr<AudioLine> line(LegSlot leg) const = 0;
  virtual bool pending() const = 0;
  virtual bool busy() const = 0;
  virtual unsigned worker_count() const = 0;
  virtual unsigned worker_load_percent(unsigned worker) const = 0;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NODE_MEDIA_ENGINE_H_
