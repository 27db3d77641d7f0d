#ifndef MEDIAPLANE_NODE_NODE_PARTS_H_
#define MEDIAPLANE_NODE_NODE_PARTS_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "mediaplane/node/node.h"
#include "mediaplane/stream/audio_line.h"
#include "mediaplane/tap/tap_hub.h"

namespace tutti::mediaplane {

struct Node::Bridge {
  std::string id;
  int64_t revision = 0;
  BridgeSlot slot = kNoBridgeSlot;
};

struct Node::Leg {
  std::string id;
  int64_t revision = 0;
  LegSlot slot = kNoLegSlot;
  Endpoint endpoint;
  Codec codec = Codec::kNone;
  uint32_t generation = 0;
  media::v1::LegSettings settings;
  media::v1::MediaDescription answer;
  std::string participant_id;
  uint32_t presence = 0;      // leg_names_'s number of the two ids
  std::string wanted_bridge;  // empty: none
  std::string joined_bridge;  // as the log tells
  bool has_stream = false;    // instead of RTP
  bool stream_closed = false;
};

// A bridge's mix on its way to a stream.
class Node::StreamTap final : public TapListener {
 public:
  explicit StreamTap(std::shared_ptr<AudioLine> line) : line_(std::move(line)) {}

  void OnMix(MixRate rate, int64_t, std::span<const int16_t> samples) override {
    if (rate == line_->rate()) line_->Deliver(samples);
  }

  TapHub::Subscription subscription = 0;

 private:
  const std::shared_ptr<AudioLine> line_;
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NODE_NODE_PARTS_H_
