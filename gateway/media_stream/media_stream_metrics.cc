#include "gateway/media_stream/media_stream_metrics.h"

namespace tutti::gateway::media_stream {

using ws::CloseReason;

MediaStreamMetrics::MediaStreamMetrics(Metrics& metrics)
    : clients_(prometheus::BuildGauge()
                   .Name("tutti_gateway_media_streams")
                   .Help("Media streams (WebSockets with audio) that are connected")
                   .Register(metrics.registry())
                   .Add({})),
      closed_(prometheus::BuildCounter()
                  .Name("tutti_gateway_media_streams_closed_total")
                  .Help("Media streams that have ended, by reason")
                  .Register(metrics.registry())),
      bytes_(prometheus::BuildCounter()
                 .Name("tutti_gateway_media_stream_bytes_total")
                 .Help("Bytes of samples of media streams: sent to clients (heard) and received from them (said)")
                 .Register(metrics.registry())),
      bytes_heard_(bytes_.Add({{"way", "heard"}})),
      bytes_said_(bytes_.Add({{"way", "said"}})) {
  for (const CloseReason reason :
       {CloseReason::kClient, CloseReason::kTooSlow, CloseReason::kGoingAway, CloseReason::kEnded,
        CloseReason::kMediaNodeLost, CloseReason::kText, CloseReason::kListensOnly, CloseReason::kHalfSample}) {
    closed_.Add({{"reason", CloseReasonWord(reason)}});
  }
}

void MediaStreamMetrics::Closed(CloseReason reason) {
  clients_.Decrement();
  closed_.Add({{"reason", CloseReasonWord(reason)}}).Increment();
}

}  // namespace tutti::gateway::media_stream
