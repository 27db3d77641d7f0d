#include "control/simulation/replica.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tutti::control::simulation {
namespace {

absl::StatusOr<std::string> WriteAnswer(const media::v1::MediaDescription& answer, const std::string&,
                                        int64_t version) {
  if (answer.sections().empty()) return absl::InternalError("no answer");
  return absl::StrCat("v=0 answer ", answer.sections(0).rtp_port(), " ", version);
}

control::CoreOptions MakeCoreOptions() {
  control::CoreOptions options;
  options.list_recognizers = [](const control::CoreOptions::RecognizersDone& done) {
    done(std::vector<control::SpeechRecognizer>{{"any", {"en-US"}}});
  };
  return options;
}

}  // namespace

Replica::Replica(World& world, SimulatedDatabase& database, const std::vector<std::unique_ptr<SimulatedNode>>& nodes,
                 const NetworkFaults& network, Options options)
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
  scheduler_ = std::make_unique<control::Scheduler>(core_->upkeep(), queue_, clock_, control::Scheduler::Options());
  router_.Add([this](const control::Effects& effects) { dispatcher_->Enqueue(effects); });
  router_.Add([this](const control::Effects& effects) { scheduler_->OnDeadline(effects.deadline); });
  router_.Add(options_.on_commit);
  scheduler_->Start();
  for (const auto& watcher : watchers_) watcher->Start();
}

Replica::~Replica() {
  queue_.Stop();
  store_.reset();
  scheduler_.reset();
  watchers_.clear();
  dispatcher_.reset();
  clients_.clear();
  core_.reset();
}

}  // namespace tutti::control::simulation
