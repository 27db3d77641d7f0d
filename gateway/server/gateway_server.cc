#include "gateway/server/gateway_server.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/listen/listen.h"
#include "common/log/log.h"
#include "common/rpc/client.h"
#include "common/status/status.h"
#include "common/tls/tls.h"
#include "gateway/openapi/api_descriptors.h"
#include "gateway/openapi/openapi.h"
#include "tutti/control/v1/call.pb.h"
#include "tutti/control/v1/conference.pb.h"
#include "tutti/control/v1/conferencecall.pb.h"
#include "tutti/control/v1/event.pb.h"
#include "tutti/control/v1/recording.pb.h"
#include "tutti/control/v1/sound.pb.h"
#include "tutti/control/v1/transcribe.pb.h"
#include "tutti/control/v1/webhook.pb.h"

namespace tutti::gateway {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::ServiceDescriptor;

// For /readyz.
constexpr absl::Duration kProbeDeadline = absl::Seconds(2);
// A larger body might not fit into a gRPC message.
constexpr uint32_t kBodyBytesMax = 3 * 1024 * 1024;
// For WebSocket clients to close, of a drain.
constexpr absl::Duration kWebSocketPatience = absl::Seconds(3);
// Open files besides clients' connections.
constexpr rlim_t kOtherFiles = 256;

// The API's services with the generated classes of their messages.
absl::StatusOr<std::vector<const ServiceDescriptor*>> LinkedServices() {
  // Descriptors register themselves when a class of their file is used.
  control::v1::Call::descriptor();
  control::v1::Conference::descriptor();
  control::v1::Conferencecall::descriptor();
  control::v1::Event::descriptor();
  control::v1::Recording::descriptor();
  control::v1::Sound::descriptor();
  control::v1::Transcribe::descriptor();
  control::v1::Webhook::descriptor();
  std::vector<const ServiceDescriptor*> services;
  for (const ServiceDescriptor* documented : ApiServices()) {
    const auto* service = DescriptorPool::generated_pool()->FindServiceByName(documented->full_name());
    if (service == nullptr) return absl::InternalError("a service is not linked: " + documented->full_name());
    services.push_back(service);
  }
  return services;
}

absl::Status CheckConfig(const config::v1::Config& config) {
  const config::v1::Gateway& gateway = config.gateway();
  TUTTI_RETURN_IF_ERROR(CheckListenAddress(gateway.http_listen(), Listener::kApi, config));
  TUTTI_RETURN_IF_ERROR(CheckListenAddress(gateway.metrics_listen(), Listener::kMetrics, config));
  // Health and reflection.
  TUTTI_RETURN_IF_ERROR(CheckListenAddress(gateway.grpc_listen(), Listener::kInternal, config));
  if (gateway.connections_max() < 1 || gateway.connections_max() > 65535) {
    return absl::InvalidArgumentError("gateway.connections_max is not within 1 to 65535");
  }
  if (gateway.body_bytes_max() < 1 || gateway.body_bytes_max() > kBodyBytesMax) {
    return absl::InvalidArgumentError("gateway.body_bytes_max is not within 1 to 3145728");
  }
  if (gateway.websocket_clients_max() < 1 || gateway.websocket_clients_max() > 65535) {
    return absl::InvalidArgumentError("gateway.websocket_clients_max is not within 1 to 65535");
  }
  if (gateway.websocket_queue_max() < 16 || gateway.websocket_queue_max() > 65536) {
    return absl::InvalidArgumentError("gateway.websocket_queue_max is not within 16 to 65536");
  }
  if (gateway.request_timeout_seconds() < 1 || gateway.control_timeout_seconds() < 1) {
    return absl::InvalidArgumentError("a timeout of gateway is less than one second");
  }
  return absl::OkStatus();
}

ServerOptions HttpOptions(const config::v1::Gateway& config, std::shared_ptr<const Tls> tls) {
  ServerOptions options;
  options.tls = std::move(tls);
  options.listen = config.http_listen();
  options.access.hosts.assign(config.hosts().begin(), config.hosts().end());
  options.access.hosts.push_back(options.listen.substr(0, options.listen.rfind(':')));
  options.access.origins.assign(config.origins().begin(), config.origins().end());
  options.connections_max = static_cast<int>(config.connections_max());
  options.body_bytes_max = config.body_bytes_max();
  options.request_timeout = absl::Seconds(config.request_timeout_seconds());
  return options;
}

ws::WebSocketServer::Options WebSocketOptions(const config::v1::Gateway& config) {
  ws::WebSocketServer::Options options;
  options.limits.clients_max = config.websocket_clients_max();
  options.session.queue_frames_max = config.websocket_queue_max();
  return options;
}

media_stream::MediaStreamServer::Options MediaStreamOptions(const config::v1::Gateway& config) {
  media_stream::MediaStreamServer::Options options;
  options.clients_max = config.websocket_clients_max();
  options.timeout = absl::Seconds(config.control_timeout_seconds());
  return options;
}

// One for each connection; as far as the system allows.
void RaiseOpenFiles(const config::v1::Gateway& config) {
  const rlim_t needed = rlim_t{config.connections_max()} + 2 * config.websocket_clients_max() + kOtherFiles;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return;
  limit.rlim_cur = std::min(needed, limit.rlim_max);
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == needed) return;
  log::Warning("fewer open files are allowed than there may be connections",
               {{"allowed", limit.rlim_cur}, {"needed", needed}});
}

// What only reads is read again from another replica when one dies; what changes
// something is not, for nobody knows whether it has.
absl::StatusOr<std::shared_ptr<grpc::Channel>> ConnectControl(const config::v1::Config& config,
                                                              const RouteTable& routes,
                                                              std::shared_ptr<const Tls> tls) {
  ReplicasChannelOptions options;
  options.addresses.assign(config.gateway().control_address().begin(), config.gateway().control_address().end());
  if (options.addresses.empty()) options.addresses.push_back(config.control().grpc_listen());
  options.tls = std::move(tls);
  std::set<std::string> reads;
  for (const auto& route : routes.routes()) {
    if (route->http_method == "GET") reads.insert(route->grpc_method);
  }
  options.retried_methods.assign(reads.begin(), reads.end());
  auto channel = MakeReplicasChannel(options);
  if (channel.ok()) return channel;
  return absl::InvalidArgumentError(absl::StrCat("gateway.control_address: ", channel.status().message()));
}

}  // namespace

GatewayServer::GatewayServer(const config::v1::Gateway& config, Clock& clock, RouteTable routes, std::string openapi,
                             const std::shared_ptr<grpc::Channel>& control, const std::shared_ptr<const Tls>& tls)
    : clock_(clock),
      ids_(clock),
      http_metrics_(metrics_),
      rest_(std::move(routes), control, ids_, absl::Seconds(config.control_timeout_seconds())),
      ws_metrics_(metrics_),
      ws_source_(control, ws_loop_),
      media_stream_metrics_(metrics_),
      media_streams_(
          control, [tls](const std::string& address) { return MakeRpcChannel(address, tls); }, ws_loop_, ids_,
          media_stream_metrics_, rest_, MediaStreamOptions(config)),
      ws_(ws_loop_, ws_source_, clock, ids_, ws_metrics_, media_streams_, WebSocketOptions(config)),
      probe_(control, kProbeDeadline),
      pages_(
          std::move(openapi), [this](std::function<void(absl::Status)> done) { probe_.Check(std::move(done)); }, ws_) {}

GatewayServer::~GatewayServer() {
  media_streams_.Stop(absl::ZeroDuration());
  ws_.Stop(absl::ZeroDuration());
  http_server_.reset();
  // Streams of health and reflection have no end of their own.
  if (rpc_server_.server != nullptr) rpc_server_.server->Shutdown(std::chrono::system_clock::now());
}

bool GatewayServer::Drain(absl::Duration patience) {
  // Behind it there is no loop.
  const bool streams_closed = media_streams_.Stop(std::min(patience, kWebSocketPatience));
  const bool closed = ws_.Stop(std::min(patience, kWebSocketPatience));
  return http_server_->Stop(patience) && closed && streams_closed;
}

absl::StatusOr<std::unique_ptr<GatewayServer>> GatewayServer::Start(const config::v1::Config& config, Clock& clock) {
  TUTTI_RETURN_IF_ERROR(CheckConfig(config));
  const config::v1::Gateway& gateway = config.gateway();
  RaiseOpenFiles(gateway);
  TUTTI_ASSIGN_OR_RETURN(const auto tls, LoadTls(config));
  TUTTI_ASSIGN_OR_RETURN(const RouteTable documented, RouteTable::Build(ApiServices()));
  TUTTI_ASSIGN_OR_RETURN(const auto services, LinkedServices());
  TUTTI_ASSIGN_OR_RETURN(RouteTable routes, RouteTable::Build(services));
  TUTTI_ASSIGN_OR_RETURN(const auto channel, ConnectControl(config, routes, tls));
  std::unique_ptr<GatewayServer> server(
      new GatewayServer(gateway, clock, std::move(routes), MakeOpenApi(documented), channel, tls));
  TUTTI_RETURN_IF_ERROR(server->metrics_.Serve(gateway.metrics_listen()));
  TUTTI_ASSIGN_OR_RETURN(
      server->rpc_server_,
      StartRpcServer({.listen = gateway.grpc_listen(), .services = {}, .metrics = &server->metrics_, .tls = tls}));
  TUTTI_ASSIGN_OR_RETURN(server->http_server_, Server::Start(HttpOptions(gateway, tls), server->pages_, clock,
                                                             server->ids_, server->http_metrics_));
  return server;
}

}  // namespace tutti::gateway
