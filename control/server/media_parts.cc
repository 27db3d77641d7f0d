#include "control/server/media_parts.h"

#include <utility>

#include "control/media/grpc_node_client.h"

namespace tutti::control {

MediaParts::MediaParts(const ServerOptions& options, CoreParts& parts, NodeRegistry& registry, EffectRouter& router,
                       Clock& clock, LiveHub::Target on_live, std::function<void()> on_look)
    : sounds_(parts.sounds()), queue_(options.monotonic), live_queue_(options.monotonic) {
  Core& core = parts.core();
  for (const auto& [id, address] : options.media_nodes) {
    clients_[id] = std::make_unique<GrpcNodeClient>(address, queue_, options.tls);
    nodes_[id] = clients_[id].get();
  }
  sounds_.Start(nodes_);
  dispatcher_ = std::make_unique<Dispatcher>(core.media_commands(), queue_, nodes_);
  dispatcher_->OnSoundMissing([this](const std::string& node_id, std::function<void(absl::Status)> done) {
    sounds_.PutHoldSound(node_id, std::move(done));
  });
  operations_ = std::make_unique<Operations>(
      core.flow_operations(), queue_, parts.http(),
      [this](PlayRequest request, AudioPlayer::Done done, AudioPlayer::Ended ended) {
        sounds_.player().Play(std::move(request), std::move(done), std::move(ended));
      },
      [this](const StopRequest& request, AudioPlayer::Done done) { sounds_.player().Stop(request, std::move(done)); });
  live_ = std::make_unique<LiveHub>(core.owners(), live_queue_, clock, std::move(on_live));
  const auto on_digit = [&core](const NodeLease& lease, const media::v1::LegDtmf& digit, DoneStatus done) {
    core.media_nodes().HandleDigit(lease, digit, std::move(done));
  };
  for (const auto& [id, client] : nodes_) {
    watchers_.push_back(std::make_unique<NodeWatcher>(id, parts.owner(), core.media_nodes(), *client, registry, queue_,
                                                      clock, options.monotonic, options.watcher));
    live_watchers_.push_back(std::make_unique<LiveWatcher>(
        id, *client, queue_, *live_, [watcher = watchers_.back().get()] { return watcher->CurrentLease(); }, on_digit));
  }
  Scheduler::Options scheduling = options.scheduler;
  scheduling.on_look = std::move(on_look);
  scheduler_ = std::make_unique<Scheduler>(core.upkeep(), queue_, clock, std::move(scheduling));
  Route(router);
}

void MediaParts::Route(EffectRouter& router) {
  router.Add([this](const Effects& effects) { live_->OnCommit(effects); });
  router.Add([this](const Effects& effects) { dispatcher_->Enqueue(effects); });
  router.Add([this](const Effects& effects) { scheduler_->OnDeadline(effects.deadline); });
  router.Add([this](const Effects& effects) { sounds_.OnCommit(effects); });
  router.Add([this](const Effects& effects) { operations_->OnCommit(effects); });
}

void MediaParts::Start() {
  scheduler_->Start();
  for (const auto& watcher : watchers_) watcher->Start();
  for (const auto& watcher : live_watchers_) watcher->Start();
}

void MediaParts::Stop() {
  live_queue_.Stop();
  queue_.Stop();
}

void MediaParts::Wake() {
  queue_.Wake();
  live_queue_.Wake();
}

int64_t MediaParts::NodeEvents() const {
  int64_t total = 0;
  for (const auto& watcher : watchers_) total += watcher->Events();
  return total;
}

int64_t MediaParts::Reconciles() const {
  int64_t total = 0;
  for (const auto& watcher : watchers_) total += watcher->Reconciles();
  return total;
}

int64_t MediaParts::LiveEventsLost() const {
  int64_t total = live_->Dropped();
  for (const auto& watcher : live_watchers_) total += watcher->EventsLost() + watcher->DigitsDropped();
  return total;
}

}  // namespace tutti::control
