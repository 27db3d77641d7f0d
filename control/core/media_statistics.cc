#include "control/core/media_statistics.h"

namespace tutti::control {

v1::MediaStatistics ToMediaStatistics(const media::v1::LegStatistics& from) {
  v1::MediaStatistics to;
  to.set_codec(from.codec());
  to.set_packets_received(from.packets_received());
  to.set_packets_sent(from.packets_sent());
  to.set_packets_lost(from.packets_lost());
  to.set_packets_late(from.packets_late());
  to.set_packets_dropped(from.packets_dropped());
  to.set_frames_concealed(from.frames_concealed());
  to.set_jitter_us(from.jitter_us());
  to.set_round_trip_us(from.round_trip_us());
  return to;
}

}  // namespace tutti::control
