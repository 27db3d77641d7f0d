#include "gateway/ws/ws_metrics.h"

#include <string>

namespace tutti::gateway::ws {
namespace {

prometheus::Counter& MakeCounter(Metrics& metrics, const std::string& name, const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(metrics.registry()).Add({});
}

prometheus::Gauge& MakeGauge(Metrics& metrics, const std::string& name, const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(metrics.registry()).Add({});
}

}  // namespace

const char* CloseReasonWord(CloseReason reason) {
  switch (reason) {
    case CloseReason::kClient:
      return "client";
    case CloseReason::kTooSlow:
      return "too_slow";
    case CloseReason::kUnauthorized:
      return "unauthorized";
    case CloseReason::kGoingAway:
      return "going_away";
    case CloseReason::kRestart:
      return "restart";
    case CloseReason::kEnded:
      return "ended";
    case CloseReason::kMediaNodeLost:
      return "media_node_lost";
    case CloseReason::kText:
      return "text";
    case CloseReason::kListensOnly:
      return "listens_only";
    case CloseReason::kHalfSample:
      return "half_sample";
  }
  return "unknown";
}

WsMetrics::WsMetrics(Metrics& metrics)
    : clients_(MakeGauge(metrics, "tutti_gateway_websocket_clients", "WebSocket clients that are connected")),
      closed_(prometheus::BuildCounter()
                  .Name("tutti_gateway_websocket_closed_total")
                  .Help("WebSocket connections that have ended, by reason")
                  .Register(metrics.registry())),
      topics_(MakeGauge(metrics, "tutti_gateway_websocket_topics", "Topics that WebSocket clients are subscribed to")),
      upstreams_(MakeGauge(metrics, "tutti_gateway_websocket_upstreams",
                           "Watches of all events of a customer that are held for its WebSocket clients")),
      upstream_breaks_(MakeCounter(metrics, "tutti_gateway_websocket_upstream_breaks_total",
                                   "Times that such a Watch broke or could not be opened")),
      catch_ups_(MakeCounter(metrics, "tutti_gateway_websocket_catch_ups_total",
                             "Short Watches for topics that began or were resumed")),
      events_received_(MakeCounter(metrics, "tutti_gateway_websocket_events_received_total",
                                   "Events that came from the control plane for WebSocket clients, once for all")),
      events_sent_(MakeCounter(metrics, "tutti_gateway_websocket_events_sent_total",
                               "Events handed to WebSocket clients, for each")) {
  for (const CloseReason reason : {CloseReason::kClient, CloseReason::kTooSlow, CloseReason::kUnauthorized,
                                   CloseReason::kGoingAway, CloseReason::kRestart}) {
    closed_.Add({{"reason", CloseReasonWord(reason)}});
  }
}

void WsMetrics::ClientClosed(CloseReason reason) {
  clients_.Decrement();
  closed_.Add({{"reason", CloseReasonWord(reason)}}).Increment();
}

}  // namespace tutti::gateway::ws
