#include <functional>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/simulation/simulation.h"

// What goes wrong, and its end.

namespace tutti::control::simulation {
namespace {

// It takes long: not in every run.
constexpr int kLoseNodePermille = 250;

// Requests that come fast, and what may go wrong meanwhile; it is mended by then.
// Less than the reconciler's interval: most runs see no reconciliation in it.
constexpr absl::Duration kBurst = absl::Milliseconds(1'500);
constexpr absl::Duration kMended = absl::Seconds(10);
constexpr int kBurstOperations = 12;

}  // namespace

void Simulation::Partition() {
  Random& random = world_.random;
  SimulatedNode* node = nodes_[random.Below(static_cast<int>(nodes_.size()))].get();
  const bool all = random.Chance(300);
  const size_t one = random.Below(static_cast<int>(slots_.size()));
  const absl::Duration duration = random.Between(absl::Milliseconds(500), absl::Seconds(25));
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (!all && i != one) continue;
    const std::string replica = absl::StrCat("replica", i + 1);
    world_.Tell(absl::StrCat(node->id(), " is out of reach of ", replica));
    node->SetReachable(replica, false);
    world_.After(duration, [this, node, replica] {
      world_.Tell(absl::StrCat(node->id(), " is in reach of ", replica));
      node->SetReachable(replica, true);
    });
  }
}

void Simulation::MakeTrouble() {
  Random& random = world_.random;
  SimulatedNode* node = nodes_[random.Below(static_cast<int>(nodes_.size()))].get();
  const auto later = [&](absl::Duration from, absl::Duration to, std::function<void()> end) {
    world_.After(random.Between(from, to), std::move(end));
  };
  switch (random.Below(13)) {
    case 0:
    case 1:
    case 2: {
      const int index = random.Below(static_cast<int>(slots_.size()));
      KillReplica(index);
      return later(absl::Milliseconds(100), absl::Seconds(12), [this, index] { StartReplica(index); });
    }
    case 3:
      node->Crash();
      return later(absl::Milliseconds(100), absl::Seconds(random.Chance(200) ? 60 : 15), [node] { node->Start(); });
    case 4:
    case 5:
      return Partition();
    case 6:
      if (random.Chance(500)) {
        node->SetFull(true);
        return later(absl::Milliseconds(20), absl::Seconds(2), [node] { node->SetFull(false); });
      }
      node->SetBusy(true);
      return later(absl::Milliseconds(100), absl::Seconds(5), [node] { node->SetBusy(false); });
    case 7:
      node->SetStuck(true);
      return later(absl::Milliseconds(100), absl::Seconds(35), [node] { node->SetStuck(false); });
    case 8:
      return node->LoseEvents(random.Between(absl::Milliseconds(1), absl::Milliseconds(800)));
    case 9:
      world_.Tell(absl::StrCat(node->id(), " forgets its log"));
      return node->TruncateLog();
    case 10: {
      Slot& slot = slots_[random.Below(static_cast<int>(slots_.size()))];
      if (slot.replica == nullptr) return;
      world_.Tell(absl::StrCat(slot.replica->name(), " stands still"));
      slot.paused_until = world_.Elapsed() + random.Between(absl::Seconds(1), absl::Seconds(20));
      return;
    }
    case 11: {
      const auto& legs = node->media().legs;
      if (!node->is_up() || legs.empty()) return;
      const std::string id = std::next(legs.begin(), random.Below(static_cast<int>(legs.size())))->first;
      world_.Tell(absl::StrCat(world_.Name("call", id), " is silent"));
      return node->ReportMediaTimeout(id);
    }
    default:
      world_.Tell("the store is down");
      database_.faults.outage = true;
      return later(absl::Milliseconds(50), absl::Seconds(6), [this] {
        if (!database_.faults.outage) return;
        world_.Tell("the store is up");
        database_.faults.outage = false;
      });
  }
}

void Simulation::LoseEventsOnce() {
  for (const auto& node : nodes_) {
    node->LoseEvents(kBurst);
    const auto& legs = node->media().legs;
    if (!legs.empty()) node->ReportMediaTimeout(legs.begin()->first);
  }
  for (int i = 0; i < kBurstOperations; ++i) {
    world_.After(world_.random.Between(absl::ZeroDuration(), kBurst), [this] { workload_.Operate(); });
  }
  RunFor(kBurst + kMended);
}

void Simulation::LoseNodeOnce() {
  if (!world_.random.Chance(kLoseNodePermille)) return;
  SimulatedNode& node = *nodes_[world_.random.Below(static_cast<int>(nodes_.size()))];
  const auto set_reachable = [&](bool is_reachable) {
    world_.Tell(absl::StrCat(node.id(), is_reachable ? " is in reach" : " is out of reach"));
    for (size_t i = 0; i < slots_.size(); ++i) node.SetReachable(absl::StrCat("replica", i + 1), is_reachable);
  };
  set_reachable(false);
  RunFor(kLostMax);
  if (!world_.failed()) checker_.CheckLost(node.id());
  set_reachable(true);
  RunFor(kHealing);
  if (!world_.failed()) checker_.CheckAgreement();
}

void Simulation::KillOnce() {
  if (slots_.size() == 1) return;
  for (int i = 0; i < kBurstOperations; ++i) {
    world_.After(world_.random.Between(absl::ZeroDuration(), kBurst), [this] { workload_.Operate(); });
  }
  const int index = world_.random.Below(static_cast<int>(slots_.size()));
  world_.After(world_.random.Between(absl::ZeroDuration(), kBurst), [this, index] {
    KillReplica(index);
    StartReplica(index);
  });
  RunFor(kBurst + kMended);
}

void Simulation::Heal() {
  world_.Tell("all is well again");
  network_ = {};
  webhooks_.Heal();
  const int interleave = database_.faults.interleave;
  database_.faults = {};
  database_.faults.interleave = interleave;
  for (const auto& node : nodes_) {
    node->Start();
    node->SetBusy(false);
    node->SetFull(false);
    node->SetStuck(false);
    for (size_t i = 0; i < slots_.size(); ++i) node->SetReachable(absl::StrCat("replica", i + 1), true);
  }
  for (size_t i = 0; i < slots_.size(); ++i) {
    slots_[i].paused_until = absl::ZeroDuration();
    StartReplica(static_cast<int>(i));
  }
}

}  // namespace tutti::control::simulation
