#ifndef MEDIAPLANE_NODE_NODE_PARTS_H_
#define MEDIAPLANE_NODE_NODE_PARTS_H_

#include <cstdint>
#include <string>

#include "mediaplane/node/node.h"

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
  std::string wanted_bridge;  // empty: none
  std::string joined_bridge;  // as the log tells
};

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NODE_NODE_PARTS_H_
