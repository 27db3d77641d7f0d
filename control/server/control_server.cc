#include "control/server/control_server.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "common/id/id.h"
#include "common/log/log.h"
#include "common/rpc/server.h"
#include "common/status/status.h"
#include "control/live/live_hub.h"
#include "control/live/live_watcher.h"
#include "control/media/dispatcher.h"
#include "control/media/grpc_node_client.h"
#include "control/media/node_registry.h"
#include "control/metrics/control_metrics.h"
#include "control/metrics/event_log.h"
#include "control/operations/operations.h"
#include "control/scheduler/effect_router.h"
#include "control/scheduler/event_sequencer.h"
#include "control/server/file_parts.h"
#include "control/server/open_store.h"
#include "control/service/announcer.h"
#include "control/service/call_service.h"
#include "control/service/conference_service.h"
#include "control/service/conferencecall_service.h"
#include "control/service/event_service.h"
#include "control/service/flow_service.h"
#include "control/service/media_streams.h"
#include "control/service/read_pool.h"
#include "control/service/recording_service.h"
#include "control/service/sound_service.h"
#include "control/service/transcribe_service.h"
#include "control/service/webhook_service.h"
#include "control/speech/grpc_speech_client.h"
#include "control/webhook/webhook_metrics.h"

namespace tutti::control {
namespace {

constexpr int kReadThreads = 2;
constexpr auto kShutdownGrace = std::chrono::seconds(2);

// SQLite's file is locked, which proves that a replica before this one is dead: so
// all are one owner.
constexpr char kSqliteOwner[] = "control";

std::unique_ptr<CurlHttpClient> MakeHttpClient(const ControlServer::Options& options) {
  CurlHttpClient::Options http = options.http;
  http.monotonic = options.monotonic;
  return std::make_unique<CurlHttpClient>(std::move(http));
}

}  // namespace

// In the order of their needs. The destructor of ControlServer says who stops
// when.
struct ControlServer::Parts {
  Parts(const Options& options, Clock& clock)
      : clock(clock),
        authenticator(options.authenticator),
        ids(clock),
        counters(metrics.registry()),
        http(MakeHttpClient(options)),
        speech(std::make_unique<GrpcSpeechClient>(options.speech_address, options.monotonic, options.tls)),
        media_queue(options.monotonic),
        event_queue(options.monotonic),
        live_queue(options.monotonic),
        webhook_counters(metrics.registry()),
        webhook_queue(options.monotonic),
        reads(kReadThreads) {}

  Clock& clock;
  const Authenticator authenticator;
  IdGenerator ids;
  Metrics metrics;
  ControlMetrics counters;
  EffectRouter router;
  NodeRegistry registry;
  std::unique_ptr<CurlHttpClient> http;
  std::unique_ptr<SpeechClient> speech;
  std::unique_ptr<Sounds> sounds;
  std::unique_ptr<QueuedStore> store;
  // Of media nodes' leases: this process.
  std::string owner;
  std::unique_ptr<Core> core;

  // Nodes' events and commands, deadlines.
  TaskQueue media_queue;
  // Watches of events.
  TaskQueue event_queue;
  // Live events.
  TaskQueue live_queue;
  std::map<std::string, std::unique_ptr<NodeClient>> clients;
  std::map<std::string, NodeClient*> nodes;
  std::unique_ptr<Dispatcher> dispatcher;
  std::vector<std::unique_ptr<NodeWatcher>> watchers;
  std::unique_ptr<LiveHub> live;
  std::vector<std::unique_ptr<LiveWatcher>> live_watchers;
  std::unique_ptr<Operations> operations;
  std::unique_ptr<Scheduler> scheduler;
  // Only where the store does not order events by itself.
  std::unique_ptr<EventSequencer> sequencer;
  // Set once everything is there: the store's threads are there before.
  std::atomic<bool> has_started{false};

  WebhookMetrics webhook_counters;
  // Deliveries to webhooks.
  TaskQueue webhook_queue;
  std::unique_ptr<DeliveryEngine> deliveries;

  ReadPool reads;
  std::unique_ptr<FileParts> files;
  std::unique_ptr<Announcer> announcer;
  std::unique_ptr<MediaStreams> streams;
  std::unique_ptr<ConferenceService> conferences;
  std::unique_ptr<ConferencecallService> conferencecalls;
  std::unique_ptr<CallService> calls;
  std::unique_ptr<EventService> events;
  std::unique_ptr<FlowService> flows;
  std::unique_ptr<SoundService> sound_files;
  std::unique_ptr<WebhookService> webhooks;
  std::unique_ptr<RecordingService> recordings;
  std::unique_ptr<TranscribeService> transcribes;
  RpcServer rpc;

  absl::Status OpenStore(const Options& options);
  void MakeMedia(const Options& options);
  void MakeWebhooks(const Options& options);
  absl::Status MakeServices(const Options& options);
  void AddGauges();
};

absl::Status ControlServer::Parts::OpenStore(const Options& options) {
  const std::string process_id = ids.Next();
  owner = options.postgres_url.empty() ? kSqliteOwner : process_id;
  StoreSettings settings;
  settings.data_dir = options.data_dir;
  settings.postgres_url = options.postgres_url;
  settings.monotonic = options.monotonic;
  settings.jitter_seed = static_cast<uint32_t>(std::hash<std::string>()(process_id));
  settings.on_commit = [this](const QueuedStore::CommitReport& report) {
    counters.OnStoreCommit(report.steps, report.latency);
  };
  settings.on_remote_commit = [this] {
    if (has_started) scheduler->OnRemoteCommit();
  };
  TUTTI_ASSIGN_OR_RETURN(store, tutti::control::OpenStore(settings, clock));
  const auto read_upload = [this](const std::string& customer_id, const std::string& sound_id) {
    return core->ReadSoundFile(Principal{customer_id}, sound_id);
  };
  TUTTI_ASSIGN_OR_RETURN(sounds, Sounds::Make(options.sounds, *http, read_upload, *speech, options.monotonic));
  Core::Options core_options = options.core;
  core_options.hold_sound = sounds->hold_sound();
  core_options.check_url = [this](const std::string& url) { return http->CheckUrl(url); };
  core_options.list_recognizers = [this](Core::Options::RecognizersDone done) {
    speech->ListCapabilities([done = std::move(done)](
                                 const absl::StatusOr<speech::v1::ListCapabilitiesResponse>& capabilities) {
      if (!capabilities.ok()) return done(capabilities.status());
      std::vector<SpeechRecognizer> recognizers;
      for (const speech::v1::Recognizer& recognizer : capabilities->recognizers()) {
        recognizers.push_back({recognizer.provider(), {recognizer.languages().begin(), recognizer.languages().end()}});
      }
      done(std::move(recognizers));
    });
  };
  core = std::make_unique<Core>(*store, clock, ids, registry, router, WriteSdpAnswer, core_options);
  return core->Start();
}

void ControlServer::Parts::MakeMedia(const Options& options) {
  for (const auto& [id, address] : options.media_nodes) {
    clients[id] = std::make_unique<GrpcNodeClient>(address, media_queue, options.tls);
    nodes[id] = clients[id].get();
  }
  sounds->Start(nodes);
  dispatcher = std::make_unique<Dispatcher>(*core, media_queue, nodes);
  dispatcher->OnSoundMissing([this](const std::string& node_id, std::function<void(absl::Status)> done) {
    sounds->PutHoldSound(node_id, std::move(done));
  });
  operations = std::make_unique<Operations>(
      *core, media_queue, *http,
      [this](PlayRequest request, AudioPlayer::Done done, AudioPlayer::Ended ended) {
        sounds->player().Play(std::move(request), std::move(done), std::move(ended));
      },
      [this](const StopRequest& request, AudioPlayer::Done done) { sounds->player().Stop(request, std::move(done)); });
  for (const auto& [id, client] : nodes) {
    watchers.push_back(std::make_unique<NodeWatcher>(id, owner, *core, *client, registry, media_queue, clock,
                                                     options.monotonic, options.watcher));
  }
  live = std::make_unique<LiveHub>(*core, live_queue, clock, [this](const std::shared_ptr<const LiveEvent>& event) {
    events->OnLive(event);
    deliveries->OnLiveEvent(event->customer_id, event->event);
  });
  const auto on_digit = [this](const NodeLease& lease, const media::v1::LegDtmf& digit, Core::DoneStatus done) {
    core->HandleDigit(lease, digit, std::move(done));
  };
  for (size_t i = 0; const auto& [id, client] : nodes) {
    const NodeWatcher* watcher = watchers[i++].get();
    live_watchers.push_back(std::make_unique<LiveWatcher>(
        id, *client, media_queue, *live, [watcher] { return watcher->CurrentLease(); }, on_digit));
  }
  router.Add([this](const Effects& effects) { live->OnCommit(effects); });
  Scheduler::Options scheduling = options.scheduler;
  if (!options.postgres_url.empty()) {
    scheduling.on_look = [this] {
      sequencer->Wake();
      events->OnRemoteCommit();
      deliveries->OnEvents();
    };
  }
  scheduler = std::make_unique<Scheduler>(*core, media_queue, clock, scheduling);
  router.Add([this](const Effects& effects) { dispatcher->Enqueue(effects); });
  router.Add([this](const Effects& effects) { scheduler->OnDeadline(effects.deadline); });
  router.Add([this](const Effects& effects) { sounds->OnCommit(effects); });
  router.Add([this](const Effects& effects) { operations->OnCommit(effects); });
}

void ControlServer::Parts::MakeWebhooks(const Options& options) {
  auto random = std::make_shared<absl::BitGen>();
  deliveries = std::make_unique<DeliveryEngine>(
      *store, *http, webhook_queue, clock, options.monotonic, owner,
      [random] { return absl::Uniform(*random, 0.0, 1.0); },
      [this](const DeliveryEngine::Report& report) { webhook_counters.OnReport(report); }, options.webhooks);
  router.Add([this](const Effects& effects) {
    if (!effects.events.empty()) deliveries->OnEvents();
  });
  metrics.Add(std::make_shared<WebhookGauges>(WebhookGauges::Sources{
      .counts = [this] { return core->CountWebhooks(); },
      .in_flight = [this] { return deliveries->InFlight(); },
  }));
}

absl::Status ControlServer::Parts::MakeServices(const Options& options) {
  announcer = std::make_unique<Announcer>(*core, reads, sounds->player(), ids);
  std::map<std::string, MediaStreams::Node> stream_nodes;
  for (const auto& [id, address] : options.media_nodes) stream_nodes[id] = {nodes.at(id), address};
  streams = std::make_unique<MediaStreams>(*core, reads, media_queue, std::move(stream_nodes), MakeStreamToken);
  conferences = std::make_unique<ConferenceService>(*core, reads, authenticator, *announcer, *streams);
  conferencecalls = std::make_unique<ConferencecallService>(
      *core, reads, authenticator, [this](const std::string& id) { return live->IsTalking(id); }, *announcer);
  calls = std::make_unique<CallService>(*core, reads, authenticator, nodes);
  flows = std::make_unique<FlowService>(*core, reads, authenticator);
  sound_files = std::make_unique<SoundService>(*core, reads, authenticator);
  events = std::make_unique<EventService>(
      *core, event_queue, clock, authenticator, [this](absl::Duration age) { counters.OnDelivered(age); },
      [this](const std::string& customer_id, const std::string& stream) { return live->Talkers(customer_id, stream); });
  webhooks = std::make_unique<WebhookService>(*core, reads, authenticator, [this] { deliveries->OnChange(); });
  TUTTI_ASSIGN_OR_RETURN(files, FileParts::Make({options.media_nodes, options.tls, options.object_store}, *core, *store,
                                                clock, authenticator, metrics.registry()));
  recordings = std::make_unique<RecordingService>(*core, reads, authenticator, files->recordings());
  transcribes = std::make_unique<TranscribeService>(*core, reads, authenticator, files->texts());
  router.Add([this](const Effects& effects) { files->OnCommit(effects); });
  router.Add([this](const Effects& effects) { events->OnCommit(effects); });
  if (!options.postgres_url.empty()) {
    sequencer = std::make_unique<EventSequencer>(*core, event_queue, [this] {
      events->OnSequenced();
      deliveries->OnEvents();
    });
    router.Add([this](const Effects& effects) {
      if (!effects.events.empty()) sequencer->Wake();
    });
  }
  router.Add([this](const Effects& effects) { counters.OnCommit(effects); });
  router.Add(LogEvents);
  return absl::OkStatus();
}

void ControlServer::Parts::AddGauges() {
  const auto sum = [this](int64_t (NodeWatcher::*figure)() const) {
    int64_t total = 0;
    for (const auto& watcher : watchers) total += (*watcher.*figure)();
    return total;
  };
  const auto lost = [this] {
    int64_t total = live->Dropped();
    for (const auto& watcher : live_watchers) total += watcher->EventsLost() + watcher->DigitsDropped();
    return total;
  };
  metrics.Add(std::make_shared<ControlGauges>(ControlGauges::Sources{
      .counts = [this] { return core->CountByStatus(); },
      .store_queue_depth = [this] { return static_cast<int64_t>(store->QueueDepth()); },
      .dispatcher_depth = [this] { return dispatcher->Depth(); },
      .dispatcher_retries = [this] { return dispatcher->Retries(); },
      .read_queue_depth = [this] { return reads.Depth(); },
      .watches = [this] { return events->Watchers(); },
      .nodes = [this] { return registry.Nodes(); },
      .node_events = [sum] { return sum(&NodeWatcher::Events); },
      .reconciles = [sum] { return sum(&NodeWatcher::Reconciles); },
      .live_events = [this] { return live->Told(); },
      .live_events_lost = lost,
      .sound_loads = [this] { return sounds->library().misses(); },
      .syntheses = [this] { return sounds->library().syntheses(); },
      .syntheses_failed = [this] { return sounds->library().syntheses_failed(); },
      .plays = [this] { return sounds->player().plays(); },
      .plays_failed = [this] { return sounds->player().failures(); },
      .operations = [this] { return operations->Begun(); },
      .operations_failed = [this] { return operations->Failed(); },
  }));
}

absl::StatusOr<std::unique_ptr<ControlServer>> ControlServer::Start(const Options& options, Clock& clock) {
  std::unique_ptr<ControlServer> server(new ControlServer(std::make_unique<Parts>(options, clock)));
  Parts& parts = *server->parts_;
  TUTTI_RETURN_IF_ERROR(parts.OpenStore(options));
  parts.MakeMedia(options);
  parts.MakeWebhooks(options);
  TUTTI_RETURN_IF_ERROR(parts.MakeServices(options));
  parts.AddGauges();
  if (!options.metrics_listen.empty()) TUTTI_RETURN_IF_ERROR(parts.metrics.Serve(options.metrics_listen));
  TUTTI_ASSIGN_OR_RETURN(
      parts.rpc, StartRpcServer({options.grpc_listen,
                                 {parts.conferences.get(), parts.conferencecalls.get(), parts.calls.get(),
                                  parts.events.get(), parts.flows.get(), parts.sound_files.get(), parts.webhooks.get(),
                                  parts.recordings.get(), parts.transcribes.get()},
                                 &parts.metrics,
                                 options.tls}));
  parts.has_started = true;
  parts.scheduler->Start();
  parts.deliveries->Start();
  for (const auto& watcher : parts.watchers) watcher->Start();
  for (const auto& watcher : parts.live_watchers) watcher->Start();
  return server;
}

ControlServer::ControlServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

ControlServer::~ControlServer() {
  Parts& parts = *parts_;
  if (parts.rpc.server != nullptr) {
    parts.events->EndAll();
    parts.rpc.server->Shutdown(std::chrono::system_clock::now() + kShutdownGrace);
    parts.rpc.server->Wait();
    parts.rpc.server.reset();
  }
  if (parts.files != nullptr) parts.files->Stop();
  parts.metrics.Stop();
  parts.live_queue.Stop();
  parts.event_queue.Stop();
  parts.media_queue.Stop();
  if (parts.sounds != nullptr) parts.sounds->Stop();
  // Whoever waits for a response is told while what it belongs to is still there.
  parts.speech.reset();
  parts.http->Stop();
  parts.webhook_queue.Stop();
  if (parts.deliveries != nullptr) parts.deliveries->Release();
  parts.reads.Stop();
  // What was submitted is committed; the answers find nobody.
  parts.store.reset();
}

int ControlServer::GrpcPort() const { return parts_->rpc.port; }

bool ControlServer::IsNodeUp(const std::string& node_id) const { return parts_->registry.Pick(node_id).ok(); }

void ControlServer::Wake() {
  parts_->media_queue.Wake();
  parts_->event_queue.Wake();
  parts_->live_queue.Wake();
  parts_->webhook_queue.Wake();
}

Metrics& ControlServer::metrics() { return parts_->metrics; }

}  // namespace tutti::control
