#ifndef GATEWAY_SERVER_GATEWAY_SERVER_H_
#define GATEWAY_SERVER_GATEWAY_SERVER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/id/id.h"
#include "common/metrics/metrics.h"
#include "common/rpc/server.h"
#include "gateway/http/http_metrics.h"
#include "gateway/http/server.h"
#include "gateway/media_stream/media_stream_metrics.h"
#include "gateway/media_stream/media_stream_server.h"
#include "gateway/pages/control_probe.h"
#include "gateway/pages/pages.h"
#include "gateway/rest/rest_handler.h"
#include "gateway/ws/grpc_event_source.h"
#include "gateway/ws/loop.h"
#include "gateway/ws/websocket_server.h"
#include "gateway/ws/ws_metrics.h"
#include "tutti/config/v1/config.pb.h"

namespace tutti::gateway {

// The whole gateway, wired: REST, WebSocket, media streams, its pages, /metrics, and gRPC with
// health and reflection.
class GatewayServer {
 public:
  // Errors are one sentence each. `clock` outlives the server.
  static absl::StatusOr<std::unique_ptr<GatewayServer>> Start(const config::v1::Config& config, Clock& clock);
  ~GatewayServer();

  // Of HTTP.
  int port() const { return http_server_->port(); }

  // Takes no more requests and waits for those under way; false when some had
  // to be cut off.
  bool Drain(absl::Duration patience);

 private:
  GatewayServer(const config::v1::Gateway& config, Clock& clock, RouteTable routes, std::string openapi,
                const std::shared_ptr<grpc::Channel>& control, const std::shared_ptr<const Tls>& tls);

  Clock& clock_;
  IdGenerator ids_;
  Metrics metrics_;
  HttpMetrics http_metrics_;
  RpcServer rpc_server_;
  RestHandler rest_;
  ws::WsMetrics ws_metrics_;
  ws::ThreadLoop ws_loop_;
  ws::GrpcEventSource ws_source_;
  media_stream::MediaStreamMetrics media_stream_metrics_;
  media_stream::MediaStreamServer media_streams_;
  ws::WebSocketServer ws_;
  ControlProbe probe_;
  Pages pages_;
  std::unique_ptr<Server> http_server_;
};

}  // namespace tutti::gateway

#endif  // GATEWAY_SERVER_GATEWAY_SERVER_H_
