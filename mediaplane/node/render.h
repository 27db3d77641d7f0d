#ifndef MEDIAPLANE_NODE_RENDER_H_
#define MEDIAPLANE_NODE_RENDER_H_

#include "mediaplane/engine/counters.h"
#include "mediaplane/negotiation/negotiation.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::mediaplane {

// The engine's figures of a leg as the contract's.
media::v1::LegStatistics RenderStatistics(const LegFigures& figures, Codec codec);

}  // namespace tutti::mediaplane

#endif  // MEDIAPLANE_NODE_RENDER_H_
