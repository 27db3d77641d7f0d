#ifndef CONTROL_SIMULATION_SIMULATION_H_
#define CONTROL_SIMULATION_SIMULATION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/simulation/checker.h"
#include "control/simulation/event_reader.h"
#include "control/simulation/replica.h"
#include "control/simulation/simulated_node.h"
#include "control/simulation/simulated_store.h"
#include "control/simulation/workload.h"
#include "control/simulation/world.h"

namespace tutti::control::simulation {

// One run: replicas over one store, media nodes, customers, and everything that
// can go wrong with them, for a minute; then all is well again, and what must
// have come right has; then all is ended, and nothing may be left.
class Simulation {
 public:
  explicit Simulation(uint64_t seed);
  ~Simulation();

  // Tells its story as it goes.
  void Aloud() { world_.Aloud(); }

  // True: every invariant held.
  bool Run();

  const World& world() const { return world_; }
  // What happened, and how often: what the runs reach.
  const std::map<std::string, int64_t>& counts() const { return counts_; }

 private:
  // The reconciler's interval, and what follows from it.
  static constexpr absl::Duration kHealing = absl::Seconds(48);
  // Until a node that nobody reaches is given up, and its calls are.
  static constexpr absl::Duration kLostMax = absl::Seconds(30);

  struct Slot {
    std::unique_ptr<Replica> replica;
    int lives = 0;
    // Its process stands still until then.
    absl::Duration paused_until;
  };

  void RunFor(absl::Duration duration);
  // Runs one thing that can run now; false: nothing can.
  bool RunOne();
  absl::Duration NextDue();

  void StartReplica(int index);
  void KillReplica(int index);
  control::Core* PickReplica(int* index);
  void TellOthers(int index);

  void PlanOperation();
  void PlanTrouble();
  void PlanSpeech();
  void PlanKeys();
  void PlanReading();
  void ReadEvents();
  void PlanCheck();
  void CheckLostNodes();
  void CheckReplicas();
  void CheckReaders();
  void OnLive(const control::LiveEvent& event);

  // --- simulation_trouble.cc
  void MakeTrouble();
  void Partition();
  void Heal();
  // Events get lost, and nothing else goes wrong: the resync mends it soon.
  void LoseEventsOnce();
  // A node is out of everybody's reach for good, or nearly so: its calls end.
  void LoseNodeOnce();
  // A replica dies among requests, and nothing else goes wrong: others send what
  // it has not.
  void KillOnce();

  World world_;
  NetworkFaults network_;
  std::vector<std::unique_ptr<SimulatedNode>> nodes_;
  std::map<std::string, int64_t> counts_;
  WebhookReceivers webhooks_;
  Web web_;
  Checker checker_;
  SimulatedDatabase database_;
  std::vector<Slot> slots_;
  Workload workload_;
  std::vector<std::unique_ptr<EventReader>> readers_;
  // The readers' replica; below 0: none.
  std::vector<int> reader_slots_;
  // With one replica, as over SQLite: every life of it is the same owner.
  bool has_one_owner_ = false;
  // The longest pause between two troubles.
  absl::Duration trouble_pause_max_;
  // When something was last in the way of the replicas; each node, since when
  // nobody reaches it.
  absl::Duration trouble_at_;
  std::map<std::string, absl::Duration> lost_since_;
  bool is_active_ = true;
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_SIMULATION_H_
