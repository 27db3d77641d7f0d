#include "control/server/control_server.h"

#include <atomic>
#include <chrono>
#include <utility>

#include "common/rpc/server.h"
#include "common/status/status.h"
#include "control/metrics/control_metrics.h"
#include "control/metrics/event_log.h"
#include "control/server/core_parts.h"
#include "control/server/media_parts.h"
#include "control/server/service_parts.h"
#include "control/server/webhook_parts.h"

namespace tutti::control {
namespace {

constexpr auto kShutdownGrace = std::chrono::seconds(2);

}  // namespace

// In the order of their needs. The destructor of ControlServer says who stops
// when.
struct ControlServer::Parts {
  Parts(const Options& options, Clock& clock)
      : clock(clock), authenticator(options.authenticator), counters(metrics.registry()) {}

  Clock& clock;
  const Authenticator authenticator;
  Metrics metrics;
  ControlMetrics counters;
  EffectRouter router;
  NodeRegistry registry;
  // Set once everything is there: the store's threads are there before.
  std::atomic<bool> has_started{false};
  std::unique_ptr<CoreParts> core;
  std::unique_ptr<MediaParts> media;
  std::unique_ptr<WebhookParts> webhooks;
  std::unique_ptr<ServiceParts> services;
  RpcServer rpc;

  absl::Status Make(const Options& options);
  void MakeMedia(const Options& options);
  void AddGauges();
};

absl::Status ControlServer::Parts::Make(const Options& options) {
  CoreParts::Hooks hooks;
  hooks.on_commit = [this](const QueuedStore::CommitReport& report) {
    counters.OnStoreCommit(report.steps, report.latency);
  };
  hooks.on_remote_commit = [this] {
    if (has_started) media->OnRemoteCommit();
  };
  TUTTI_ASSIGN_OR_RETURN(core, CoreParts::Open(options, clock, registry, router, std::move(hooks)));
  MakeMedia(options);
  webhooks = std::make_unique<WebhookParts>(options, *core, router, clock, metrics);
  TUTTI_ASSIGN_OR_RETURN(services, ServiceParts::Make(options, {authenticator, *core, *media, *webhooks, router, clock,
                                                                metrics, counters}));
  router.Add([this](const Effects& effects) { counters.OnCommit(effects); });
  router.Add(LogEvents);
  AddGauges();
  return absl::OkStatus();
}

void ControlServer::Parts::MakeMedia(const Options& options) {
  const auto on_live = [this](const std::shared_ptr<const LiveEvent>& event) {
    services->events().OnLive(event);
    webhooks->deliveries().OnLiveEvent(event->customer_id, event->event);
  };
  // Others commit only where the data base is shared.
  std::function<void()> on_look;
  if (!options.postgres_url.empty()) {
    on_look = [this] {
      services->OnLook();
      webhooks->deliveries().OnEvents();
    };
  }
  media = std::make_unique<MediaParts>(options, *core, registry, router, clock, on_live, std::move(on_look));
}

void ControlServer::Parts::AddGauges() {
  metrics.Add(std::make_shared<ControlGauges>(ControlGauges::Sources{
      .counts = [this] { return core->core().census().CountByStatus(); },
      .store_queue_depth = [this] { return static_cast<int64_t>(core->store().QueueDepth()); },
      .dispatcher_depth = [this] { return media->dispatcher().Depth(); },
      .dispatcher_retries = [this] { return media->dispatcher().Retries(); },
      .read_queue_depth = [this] { return services->reads().Depth(); },
      .watches = [this] { return services->events().Watchers(); },
      .nodes = [this] { return registry.Nodes(); },
      .node_events = [this] { return media->NodeEvents(); },
      .reconciles = [this] { return media->Reconciles(); },
      .live_events = [this] { return media->live().Told(); },
      .live_events_lost = [this] { return media->LiveEventsLost(); },
      .sound_loads = [this] { return core->sounds().library().misses(); },
      .syntheses = [this] { return core->sounds().library().syntheses(); },
      .syntheses_failed = [this] { return core->sounds().library().syntheses_failed(); },
      .plays = [this] { return core->sounds().player().plays(); },
      .plays_failed = [this] { return core->sounds().player().failures(); },
      .operations = [this] { return media->operations().Begun(); },
      .operations_failed = [this] { return media->operations().Failed(); },
  }));
}

absl::StatusOr<std::unique_ptr<ControlServer>> ControlServer::Start(const Options& options, Clock& clock) {
  std::unique_ptr<ControlServer> server(new ControlServer(std::make_unique<Parts>(options, clock)));
  Parts& parts = *server->parts_;
  TUTTI_RETURN_IF_ERROR(parts.Make(options));
  if (!options.metrics_listen.empty()) TUTTI_RETURN_IF_ERROR(parts.metrics.Serve(options.metrics_listen));
  TUTTI_ASSIGN_OR_RETURN(parts.rpc,
                         StartRpcServer({options.grpc_listen, parts.services->All(), &parts.metrics, options.tls}));
  parts.has_started = true;
  parts.webhooks->deliveries().Start();
  parts.media->Start();
  return server;
}

ControlServer::ControlServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

ControlServer::~ControlServer() {
  Parts& parts = *parts_;
  if (parts.rpc.server != nullptr) {
    parts.services->EndWatches();
    parts.rpc.server->Shutdown(std::chrono::system_clock::now() + kShutdownGrace);
    parts.rpc.server->Wait();
    parts.rpc.server.reset();
  }
  if (parts.services != nullptr) parts.services->Stop();
  parts.metrics.Stop();
  if (parts.media != nullptr) parts.media->Stop();
  if (parts.core != nullptr) parts.core->StopRequests();
  if (parts.webhooks != nullptr) parts.webhooks->Stop();
  if (parts.services != nullptr) parts.services->StopReads();
  if (parts.core != nullptr) parts.core->CloseStore();
}

int ControlServer::GrpcPort() const { return parts_->rpc.port; }

bool ControlServer::IsNodeUp(const std::string& node_id) const { return parts_->registry.Pick(node_id).ok(); }

void ControlServer::Wake() {
  parts_->media->Wake();
  parts_->services->Wake();
  parts_->webhooks->Wake();
}

Metrics& ControlServer::metrics() { return parts_->metrics; }

}  // namespace tutti::control
