#include "mediaplane/engine/leg.h"

namespace tutti::mediaplane {

void LegFigureCounters::Clear() {
  for (Counter* counter : {&packets_received, &bytes_received, &packets_sent, &bytes_sent, &packets_dropped,
                           &packets_lost, &packets_late, &packets_duplicate, &frames_concealed, &frames_discarded,
                           &jitter_us, &buffer_delay_us, &remote_loss_permille, &round_trip_us}) {
    counter->Set(0);
  }
}

LegFigures LegFigureCounters::Read() const {
  LegFigures figures;
  figures.packets_received = packets_received.Get();
  figures.bytes_received = bytes_received.Get();
  figures.packets_sent = packets_sent.Get();
  figures.bytes_sent = bytes_sent.Get();
  figures.packets_dropped = packets_dropped.Get();
  figures.packets_lost = packets_lost.Get();
  figures.packets_late = packets_late.Get();
  figures.packets_duplicate = packets_duplicate.Get();
  figures.frames_concealed = frames_concealed.Get();
  figures.frames_discarded = frames_discarded.Get();
  figures.jitter_us = jitter_us.Get();
  figures.buffer_delay_us = buffer_delay_us.Get();
  figures.remote_loss_permille = static_cast<uint32_t>(remote_loss_permille.Get());
  figures.round_trip_us = round_trip_us.Get();
  return figures;
}

}  // namespace tutti::mediaplane
