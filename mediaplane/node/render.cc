#include "mediaplane/node/render.h"

namespace tutti::mediaplane {

media::v1::LegStatistics RenderStatistics(const LegFigures& figures, Codec codec) {
  media::v1::LegStatistics statistics;
  statistics.set_packets_received(static_cast<int64_t>(figures.packets_received));
  statistics.set_bytes_received(static_cast<int64_t>(figures.bytes_received));
  statistics.set_packets_sent(static_cast<int64_t>(figures.packets_sent));
  statistics.set_bytes_sent(static_cast<int64_t>(figures.bytes_sent));
  statistics.set_packets_lost(static_cast<int64_t>(figures.packets_lost));
  statistics.set_packets_late(static_cast<int64_t>(figures.packets_late));
  statistics.set_packets_duplicate(static_cast<int64_t>(figures.packets_duplicate));
  statistics.set_packets_dropped(static_cast<int64_t>(figures.packets_dropped));
  statistics.set_frames_concealed(static_cast<int64_t>(figures.frames_concealed));
  statistics.set_frames_discarded(static_cast<int64_t>(figures.frames_discarded));
  statistics.set_jitter_us(static_cast<int64_t>(figures.jitter_us));
  statistics.set_buffer_delay_us(static_cast<int64_t>(figures.buffer_delay_us));
  statistics.set_remote_loss_permille(static_cast<int32_t>(figures.remote_loss_permille));
  statistics.set_round_trip_us(static_cast<int64_t>(figures.round_trip_us));
  statistics.set_codec(CodecName(codec));
  return statistics;
}

}  // namespace tutti::mediaplane
