#include "control/server/service_parts.h"

#include <map>
#include <string>
#include <utility>

#include "common/status/status.h"

namespace tutti::control {
namespace {

constexpr int kReadThreads = 2;

std::map<std::string, MediaStreams::Node> StreamNodes(const ServerOptions& options, const MediaParts& media) {
  std::map<std::string, MediaStreams::Node> nodes;
  for (const auto& [id, address] : options.media_nodes) nodes[id] = {media.nodes().at(id), address};
  return nodes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServiceParts>> ServiceParts::Make(const ServerOptions& options, const Base& base) {
  TUTTI_ASSIGN_OR_RETURN(auto files,
                         FileParts::Make({options.media_nodes, options.tls, options.object_store}, base.core.core(),
                                         base.core.store(), base.clock, base.authenticator, base.metrics.registry()));
  return std::unique_ptr<ServiceParts>(new ServiceParts(options, base, std::move(files)));
}

ServiceParts::ServiceParts(const ServerOptions& options, const Base& base, std::unique_ptr<FileParts> files)
    : files_(std::move(files)),
      reads_(kReadThreads),
      event_queue_(options.monotonic),
      announcer_(base.core.core().conferences(), base.core.core().conferencecalls(), reads_,
                 base.core.sounds().player(), base.core.ids()),
      streams_(base.core.core().conferences(), base.core.core().calls(), reads_, base.media.queue(),
               StreamNodes(options, base.media), MakeStreamToken),
      conferences_(base.core.core(), reads_, base.authenticator, announcer_, streams_),
      conferencecalls_(
          base.core.core().conferencecalls(), reads_, base.authenticator,
          [&live = base.media.live()](const std::string& id) { return live.IsTalking(id); }, announcer_),
      calls_(base.core.core().calls(), reads_, base.authenticator, base.media.nodes()),
      events_(
          base.core.core().events(), event_queue_, base.clock, base.authenticator,
          [&counters = base.counters](absl::Duration age) { counters.OnDelivered(age); },
          [&live = base.media.live()](const std::string& customer_id, const std::string& stream) {
            return live.Talkers(customer_id, stream);
          }),
      flows_(base.core.core().flows(), reads_, base.authenticator),
      sounds_(base.core.core().uploaded_sounds(), reads_, base.authenticator),
      webhooks_(base.core.core().webhooks(), reads_, base.authenticator,
                [&deliveries = base.webhooks.deliveries()] { deliveries.OnChange(); }),
      recordings_(base.core.core().recordings(), reads_, base.authenticator, files_->recordings()),
      transcribes_(base.core.core().transcribes(), reads_, base.authenticator, files_->texts()) {
  if (!options.postgres_url.empty()) {
    sequencer_ = std::make_unique<EventSequencer>(base.core.core().events(), event_queue_,
                                                  [this, &deliveries = base.webhooks.deliveries()] {
                                                    events_.OnSequenced();
                                                    deliveries.OnEvents();
                                                  });
  }
  Route(base.router);
}

void ServiceParts::Route(EffectRouter& router) {
  router.Add([this](const Effects& effects) { files_->OnCommit(effects); });
  router.Add([this](const Effects& effects) { events_.OnCommit(effects); });
  if (sequencer_ == nullptr) return;
  router.Add([this](const Effects& effects) {
    if (!effects.events.empty()) sequencer_->Wake();
  });
}

std::vector<grpc::Service*> ServiceParts::All() {
  return {&conferences_, &conferencecalls_, &calls_,      &events_,     &flows_,
          &sounds_,      &webhooks_,        &recordings_, &transcribes_};
}

void ServiceParts::OnLook() {
  if (sequencer_ != nullptr) sequencer_->Wake();
  events_.OnRemoteCommit();
}

void ServiceParts::Stop() {
  files_->Stop();
  event_queue_.Stop();
}

}  // namespace tutti::control
