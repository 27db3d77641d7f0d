#include "control/simulation/replica.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"

namespace tutti::control::simulation {
namespace {

absl::StatusOr<std::string> WriteAnswer(const media::v1::MediaDescription& answer, const std::string&,
                                        int64_t version) {
  if (answer.sections().empty()) return absl::InternalError("no answer");
  return absl::StrCat("v=0 answer ", answer.sections(0).rtp_port(), " ", version);
}

constexpr int kFound = 200;

constexpr int kWebhookAttemptsMax = 5;

control::CoreOptions MakeCoreOptions() {
  control::CoreOptions options;
  options.list_recognizers = [](const control::CoreOptions::RecognizersDone& done) {
    done(std::vector<control::SpeechRecognizer>{{"any", {"en-US"}}});
  };
  return options;
}

}  // namespace

Replica::Replica(World& world, SimulatedDatabase& database, const std::vector<std::unique_ptr<SimulatedNode>>& nodes,
                 Web& web, const NetworkFaults& network, Options options)
    : options_(std::move(options)),
      clock_(world, options_.skew),
      ids_(clock_, [&world] { return world.random.Bits(); }),
      store_(database.Connect(options_.name, clock_)),
      queue_([&world] { return world.Elapsed(); }, control::TaskQueue::Runner::kCaller),
      core_(
          std::make_unique<control::Core>(*store_, clock_, ids_, registry_, router_, WriteAnswer, MakeCoreOptions())) {
  // A process whose store can't be read at its start is started again by its
  // supervisor; the outcome is the same as reading it a little later.
  while (!core_->Start().ok()) {
  }
  std::map<std::string, control::NodeClient*> clients;
  for (const auto& node : nodes) {
    clients_[node->id()] = std::make_unique<SimulatedNodeClient>(world, *node, network, options_.name, queue_);
    clients[node->id()] = clients_[node->id()].get();
  }
  dispatcher_ = std::make_unique<control::Dispatcher>(core_->media_commands(), queue_, clients);
  const control::MonotonicClock monotonic = [&world] { return world.Elapsed(); };
  for (const auto& [id, client] : clients) {
    watchers_.push_back(std::make_unique<control::NodeWatcher>(id, options_.owner, core_->media_nodes(), *client,
                                                               registry_, queue_, clock_, monotonic,
                                                               control::NodeWatcher::Options()));
  }
  http_ = std::make_unique<SimulatedHttpClient>(world, web, network);
  MakeSounds(world, clients);
  MakeLive(clients);
  MakeWebhooks(world);
  scheduler_ = std::make_unique<control::Scheduler>(core_->upkeep(), queue_, clock_, control::Scheduler::Options());
  router_.Add([this](const control::Effects& effects) { live_->OnCommit(effects); });
  router_.Add([this](const control::Effects& effects) { dispatcher_->Enqueue(effects); });
  router_.Add([this](const control::Effects& effects) { scheduler_->OnDeadline(effects.deadline); });
  router_.Add([this](const control::Effects& effects) { operations_->OnCommit(effects); });
  router_.Add([this](const control::Effects& effects) {
    if (!effects.events.empty()) deliveries_->OnEvents();
  });
  router_.Add(options_.on_commit);
  scheduler_->Start();
  for (const auto& watcher : watchers_) watcher->Start();
  for (const auto& watcher : live_watchers_) watcher->Start();
  deliveries_->Start();
}

void Replica::MakeSounds(World& world, const std::map<std::string, control::NodeClient*>& clients) {
  const auto fetch = [this](const std::string& url, std::function<void(absl::StatusOr<std::string>)> done) {
    HttpRequest request;
    request.url = url;
    http_->Send(std::move(request), [done = std::move(done)](const absl::StatusOr<HttpResponse>& response) {
      if (!response.ok()) return done(response.status());
      if (response->status == kFound) return done(response->body);
      done(Error(absl::StatusCode::kNotFound, "SOUND_NOT_FOUND", "there is no such sound"));
    });
  };
  sounds_ = std::make_unique<control::SoundLibrary>(
      control::SoundLibrary::Options(), queue_, queue_, [&world] { return world.Elapsed(); }, fetch, nullptr, speech_);
  player_ = std::make_unique<control::AudioPlayer>(*sounds_, clients);
  operations_ = std::make_unique<control::Operations>(
      core_->flow_operations(), queue_, *http_,
      [this](control::PlayRequest request, control::AudioPlayer::Done done, control::AudioPlayer::Ended ended) {
        player_->Play(std::move(request), std::move(done), std::move(ended));
      },
      [this](const control::StopRequest& request, control::AudioPlayer::Done done) {
        player_->Stop(request, std::move(done));
      });
}

void Replica::MakeWebhooks(World& world) {
  control::DeliveryEngine::Options options;
  // So that there are dead letters.
  options.attempts_max = kWebhookAttemptsMax;
  deliveries_ = std::make_unique<control::DeliveryEngine>(
      *store_, *http_, queue_, clock_, ids_, [&world] { return world.Elapsed(); }, options_.owner,
      [&world] { return world.random.Below(1'001) / 1'000.0; }, [](const control::DeliveryEngine::Report&) {}, options);
}

void Replica::MakeLive(const std::map<std::string, control::NodeClient*>& clients) {
  live_ = std::make_unique<control::LiveHub>(
      core_->owners(), queue_, clock_,
      [this](const std::shared_ptr<const control::LiveEvent>& event) { options_.on_live(*event); });
  const auto on_digit = [this](const control::NodeLease& lease, const media::v1::LegDtmf& digit,
                               control::DoneStatus done) {
    core_->media_nodes().HandleDigit(lease, digit, std::move(done));
  };
  for (size_t i = 0; const auto& [id, client] : clients) {
    const control::NodeWatcher* watcher = watchers_[i++].get();
    live_watchers_.push_back(std::make_unique<control::LiveWatcher>(
        id, *client, queue_, *live_, [watcher] { return watcher->CurrentLease(); }, on_digit));
  }
}

Replica::~Replica() {
  queue_.Stop();
  store_.reset();
  scheduler_.reset();
  deliveries_.reset();
  live_watchers_.clear();
  live_.reset();
  operations_.reset();
  player_.reset();
  sounds_.reset();
  http_.reset();
  watchers_.clear();
  dispatcher_.reset();
  clients_.clear();
  core_.reset();
}

}  // namespace tutti::control::simulation
