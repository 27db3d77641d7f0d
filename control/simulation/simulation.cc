#include "control/simulation/simulation.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status.h"
#include "control/core/principal.h"

namespace tutti::control::simulation {
namespace {

constexpr absl::Duration kActive = absl::Seconds(60);
constexpr absl::Duration kEnding = absl::Seconds(60);

constexpr absl::Duration kOperationPauseMax = absl::Milliseconds(700);
// Each event goes to all of them, which is much: not in every run.
constexpr int kWebhooksPermille = 250;

constexpr absl::Duration kKeyPauseMax = absl::Milliseconds(800);
constexpr absl::Duration kBetweenKeys = absl::Milliseconds(150);
// PINs; digits; and what the menu of a room knows.
constexpr const char* kKeys[] = {"11#", "22#", "1", "2#", "#", "*6", "*7", "*8", "*9", "*1", "*2"};
constexpr absl::Duration kSpeechPauseMax = absl::Seconds(1);
constexpr absl::Duration kSkewMax = absl::Milliseconds(300);
// Of an event, from the node into the store.
constexpr absl::Duration kDeliveryMax = absl::Seconds(2);
constexpr absl::Duration kRestartPause = absl::Milliseconds(300);
constexpr absl::Duration kCheckInterval = absl::Seconds(1);

constexpr size_t kReadersMax = 6;

// Things that run one after the other while the time stands still.
constexpr int kRestlessMax = 100'000;

}  // namespace

Simulation::Simulation(uint64_t seed)
    : world_(seed),
      webhooks_(world_, counts_),
      web_(world_, webhooks_),
      checker_(world_, nodes_, web_, counts_),
      database_(world_, [this](const SimulatedDatabase::Commit& commit) { checker_.OnCommit(commit); }),
      workload_(world_, checker_, webhooks_, [this](int* index) { return PickReplica(index); }) {
  checker_.SetDatabase(database_);
  webhooks_.SetDatabase(database_);
  Random& random = world_.random;
  slots_.resize(1 + random.Below(3));
  has_one_owner_ = slots_.size() == 1;
  for (int i = random.Below(3); i >= 0; --i) {
    nodes_.push_back(std::make_unique<SimulatedNode>(world_, absl::StrCat("node", nodes_.size() + 1)));
  }
  // Each kind of trouble is absent from some runs, so that it hides no other.
  const auto some = [&](int permille) { return random.Chance(300) ? 0 : random.Below(permille + 1); };
  network_ = {some(20), some(20), some(60), some(40)};
  database_.faults = {some(15), some(15), some(15), some(60), some(15), some(150), false};
  trouble_pause_max_ = absl::Seconds(2 + random.Below(15));
}

Simulation::~Simulation() {
  for (Slot& slot : slots_) slot.replica = nullptr;
}

bool Simulation::Run() {
  if (absl::Status status = database_.Open(); !status.ok()) world_.Fail(status.ToString());
  for (size_t i = 0; i < slots_.size(); ++i) StartReplica(static_cast<int>(i));
  if (world_.random.Chance(kWebhooksPermille)) workload_.CreateWebhooks();
  PlanOperation();
  PlanTrouble();
  PlanSpeech();
  PlanKeys();
  PlanReading();
  PlanCheck();
  RunFor(kActive);
  if (world_.failed()) return false;
  is_active_ = false;
  Heal();
  RunFor(kHealing);
  if (!world_.failed()) checker_.CheckAgreement();
  if (!world_.failed()) CheckReplicas();
  if (!world_.failed()) LoseEventsOnce();
  if (!world_.failed()) checker_.CheckAgreement();
  if (!world_.failed()) LoseNodeOnce();
  if (!world_.failed()) KillOnce();
  if (!world_.failed()) checker_.CheckProgress();
  if (world_.failed()) return false;
  world_.Tell("everything is ended");
  workload_.EndAll();
  RunFor(kEnding);
  if (!world_.failed()) checker_.CheckEnd();
  if (!world_.failed()) workload_.requests().CheckEnd();
  if (!world_.failed()) workload_.CheckEnd(database_);
  if (!world_.failed()) CheckReaders();
  if (!world_.failed()) webhooks_.CheckEnd();
  return !world_.failed();
}

void Simulation::RunFor(absl::Duration duration) {
  const absl::Duration end = world_.Elapsed() + duration;
  int restless = 0;
  while (!world_.failed()) {
    if (RunOne()) {
      if (++restless > kRestlessMax) world_.Fail("it does not come to rest");
      continue;
    }
    restless = 0;
    const absl::Duration next = NextDue();
    if (next > end) return world_.AdvanceTo(end);
    world_.AdvanceTo(next);
  }
}

absl::Duration Simulation::NextDue() {
  absl::Duration next = world_.NextDue();
  for (const Slot& slot : slots_) {
    if (slot.replica == nullptr) continue;
    next = std::min(next, std::max(slot.paused_until, slot.replica->queue().NextDue()));
  }
  return next;
}

bool Simulation::RunOne() {
  const absl::Duration now = world_.Elapsed();
  std::vector<control::TaskQueue*> runnable;
  if (world_.NextDue() <= now) runnable.push_back(nullptr);
  for (const Slot& slot : slots_) {
    if (slot.replica == nullptr || slot.paused_until > now) continue;
    if (slot.replica->queue().NextDue() <= now) runnable.push_back(&slot.replica->queue());
  }
  if (runnable.empty()) return false;
  control::TaskQueue* queue = runnable[world_.random.Below(static_cast<int>(runnable.size()))];
  return queue == nullptr ? world_.RunOne() : queue->RunOne();
}

void Simulation::StartReplica(int index) {
  Slot& slot = slots_[index];
  if (slot.replica != nullptr) return;
  // It does not start without its store; its supervisor tries again.
  if (database_.faults.outage) return world_.After(kRestartPause, [this, index] { StartReplica(index); });
  const std::string name = absl::StrCat("replica", index + 1);
  const std::string owner = has_one_owner_ ? "control" : absl::StrCat(name, "-", ++slot.lives);
  const absl::Duration skew = world_.random.Between(-kSkewMax, kSkewMax);
  world_.Tell(absl::StrCat(name, " starts"));
  slot.replica = std::make_unique<Replica>(
      world_, database_, nodes_, web_, network_,
      Replica::Options{name, owner, skew, [this, index](const control::Effects&) { TellOthers(index); },
                       [this](const control::LiveEvent& event) { OnLive(event); }});
}

void Simulation::KillReplica(int index) {
  Slot& slot = slots_[index];
  if (slot.replica == nullptr) return;
  world_.Tell(absl::StrCat(slot.replica->name(), " dies"));
  trouble_at_ = world_.Elapsed();
  slot.paused_until = absl::ZeroDuration();
  workload_.requests().OnReplicaDeath(index);
  for (size_t i = 0; i < readers_.size(); ++i) {
    if (reader_slots_[i] != index) continue;
    readers_[i]->Disconnect();
    reader_slots_[i] = -1;
  }
  slot.replica = nullptr;
}

control::Core* Simulation::PickReplica(int* index) {
  std::vector<int> alive;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].replica != nullptr) alive.push_back(static_cast<int>(i));
  }
  if (alive.empty()) return nullptr;
  *index = alive[world_.random.Below(static_cast<int>(alive.size()))];
  return &slots_[*index].replica->core();
}

// The data base's word of a commit, which may get lost.
void Simulation::TellOthers(int index) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (static_cast<int>(i) == index || !world_.random.Chance(700)) continue;
    world_.After(world_.random.Between(absl::ZeroDuration(), absl::Milliseconds(30)), [this, i] {
      if (slots_[i].replica != nullptr) slots_[i].replica->scheduler().OnRemoteCommit();
    });
  }
}

void Simulation::PlanOperation() {
  world_.After(world_.random.Between(absl::ZeroDuration(), kOperationPauseMax), [this] {
    if (!is_active_) return;
    workload_.Operate();
    PlanOperation();
  });
}

void Simulation::PlanTrouble() {
  world_.After(world_.random.Between(absl::Milliseconds(100), trouble_pause_max_), [this] {
    if (!is_active_) return;
    MakeTrouble();
    PlanTrouble();
  });
}

void Simulation::PlanSpeech() {
  world_.After(world_.random.Between(absl::ZeroDuration(), kSpeechPauseMax), [this] {
    if (!is_active_) return;
    for (const auto& node : nodes_) node->Speak();
    PlanSpeech();
  });
}

// Callers press keys, at random or a PIN.
void Simulation::PlanKeys() {
  world_.After(world_.random.Between(absl::ZeroDuration(), kKeyPauseMax), [this] {
    if (!is_active_) return;
    Random& random = world_.random;
    SimulatedNode* node = nodes_[random.Below(static_cast<int>(nodes_.size()))].get();
    const auto& legs = node->media().legs;
    if (!legs.empty()) {
      const std::string id = std::next(legs.begin(), random.Below(static_cast<int>(legs.size())))->first;
      const std::string keys = kKeys[random.Below(static_cast<int>(std::size(kKeys)))];
      for (size_t i = 0; i < keys.size(); ++i) {
        world_.After(kBetweenKeys * static_cast<int>(i), [node, id, key = keys[i]] { node->Press(id, key); });
      }
    }
    PlanKeys();
  });
}

void Simulation::OnLive(const control::LiveEvent& event) {
  if (event.event.has_dtmf()) checker_.flows().OnLiveDigit(event.event.dtmf().call_id(), event.event.dtmf().digit());
}

void Simulation::PlanReading() {
  world_.After(world_.random.Between(absl::Milliseconds(20), absl::Milliseconds(500)), [this] {
    ReadEvents();
    PlanReading();
  });
}

void Simulation::ReadEvents() {
  Random& random = world_.random;
  if (is_active_ && readers_.size() < kReadersMax && random.Chance(50)) {
    const auto& streams = checker_.streams();
    std::string stream;
    if (!readers_.empty() && !streams.empty()) {
      stream = std::next(streams.begin(), random.Below(static_cast<int>(streams.size())))->first;
    }
    readers_.push_back(std::make_unique<EventReader>(world_, stream));
    reader_slots_.push_back(-1);
  }
  for (size_t i = 0; i < readers_.size(); ++i) {
    if (reader_slots_[i] < 0 && PickReplica(&reader_slots_[i]) == nullptr) continue;
    readers_[i]->Read(slots_[reader_slots_[i]].replica->core(), 1 + random.Below(20));
    if (is_active_ && random.Chance(20)) {
      readers_[i]->Disconnect();
      reader_slots_[i] = -1;
    }
  }
}

void Simulation::PlanCheck() {
  world_.After(kCheckInterval, [this] {
    int index = 0;
    const bool stands_still = std::any_of(slots_.begin(), slots_.end(),
                                          [this](const Slot& slot) { return slot.paused_until > world_.Elapsed(); });
    if (stands_still || database_.faults.outage || PickReplica(&index) == nullptr) trouble_at_ = world_.Elapsed();
    checker_.CheckDeadlines(trouble_at_);
    CheckLostNodes();
    workload_.requests().CheckAnswers();
    PlanCheck();
  });
}

void Simulation::CheckLostNodes() {
  for (const auto& node : nodes_) {
    bool is_reached = false;
    for (size_t i = 0; i < slots_.size(); ++i) {
      is_reached = is_reached || (node->is_up() && node->IsReachable(absl::StrCat("replica", i + 1)));
    }
    if (is_reached) {
      lost_since_.erase(node->id());
      continue;
    }
    const absl::Duration since = lost_since_.try_emplace(node->id(), world_.Elapsed()).first->second;
    if (world_.Elapsed() - std::max(since, trouble_at_) > kLostMax) checker_.CheckLost(node->id());
  }
}

// Every node has a watcher that lives, and every replica can use every node.
void Simulation::CheckReplicas() {
  for (const auto& node : nodes_) {
    for (const Slot& slot : slots_) {
      absl::Status status = slot.replica->registry().Pick(node->id()).status();
      if (!status.ok()) world_.Fail(absl::StrCat(slot.replica->name(), ": ", status.ToString()));
    }
    control::MediaNodeTable::Node row;
    absl::Status status = database_.Inspect([&](control::Transaction& tx) -> absl::Status {
      TUTTI_ASSIGN_OR_RETURN(const auto found, tx.media_nodes.Find(node->id()));
      row = found.value_or(control::MediaNodeTable::Node());
      return absl::OkStatus();
    });
    const bool is_watched =
        std::any_of(slots_.begin(), slots_.end(), [&](const Slot& slot) { return slot.replica->owner() == row.owner; });
    if (!status.ok() || !is_watched || absl::FromUnixMicros(row.lease_until_us) < world_.Now()) {
      world_.Fail(absl::StrCat("nobody watches ", node->id(), ": ", row.owner));
    }
    const bool is_new = world_.Elapsed() - node->last_event() < kDeliveryMax;
    if (row.epoch != node->epoch() || (row.sequence != node->latest_sequence() && !is_new)) {
      world_.Fail(absl::StrCat("the store is behind ", node->id(), ": ", row.epoch, " ", row.sequence, " of ",
                               node->latest_sequence()));
    }
  }
}

void Simulation::CheckReaders() {
  for (const auto& reader : readers_) {
    if (!reader->stream().empty()) {
      if (reader->seen() != checker_.streams().at(reader->stream())) {
        world_.Fail(absl::StrCat("a watch of ", reader->stream(), " ends at ", reader->seen()));
      }
      continue;
    }
    std::vector<std::string> ids;
    absl::Status status = database_.Inspect([&](control::Transaction& tx) -> absl::Status {
      TUTTI_ASSIGN_OR_RETURN(const auto stored,
                             tx.outbox.ReadAll(control::kDefaultCustomerId, reader->began_at, 1'000'000));
      for (const auto& entry : stored) ids.push_back(entry.event.id());
      return absl::OkStatus();
    });
    if (!status.ok() || ids != reader->ids()) {
      world_.Fail(absl::StrCat("a watch of all saw ", reader->ids().size(), " of ", ids.size(), " events, or others"));
    }
  }
}

}  // namespace tutti::control::simulation
