#ifndef CONTROL_SIMULATION_REPLICA_H_
#define CONTROL_SIMULATION_REPLICA_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/id/id.h"
#include "control/core/core.h"
#include "control/media/dispatcher.h"
#include "control/media/node_registry.h"
#include "control/media/node_watcher.h"
#include "control/scheduler/effect_router.h"
#include "control/scheduler/scheduler.h"
#include "control/scheduler/task_queue.h"
#include "control/simulation/simulated_node.h"
#include "control/simulation/simulated_node_client.h"
#include "control/simulation/simulated_store.h"
#include "control/simulation/world.h"

namespace tutti::control::simulation {

// One process of the control plane: the real core, scheduler, dispatcher and
// watchers on a queue without a thread. Its end is that of a kill -9.
class Replica {
 public:
  struct Options {
    std::string name;
    // Of the leases; a process that starts anew is another one.
    std::string owner;
    absl::Duration skew;
    // After each commit with effects.
    std::function<void(const control::Effects&)> on_commit;
  };

  // All outlive the replica.
  Replica(World& world, SimulatedDatabase& database, const std::vector<std::unique_ptr<SimulatedNode>>& nodes,
          const NetworkFaults& network, Options options);
  ~Replica();

  const std::string& name() const { return options_.name; }
  const std::string& owner() const { return options_.owner; }
  // Until it can read the store there is none.
  control::Core& core() { return *core_; }
  control::TaskQueue& queue() { return queue_; }
  control::Scheduler& scheduler() { return *scheduler_; }
  control::NodeRegistry& registry() { return registry_; }

 private:
  const Options options_;
  SkewedClock clock_;
  IdGenerator ids_;
  control::EffectRouter router_;
  control::NodeRegistry registry_;
  std::unique_ptr<SimulatedDatabase::Session> store_;
  control::TaskQueue queue_;
  std::unique_ptr<control::Core> core_;
  std::map<std::string, std::unique_ptr<SimulatedNodeClient>> clients_;
  std::unique_ptr<control::Dispatcher> dispatcher_;
  std::vector<std::unique_ptr<control::NodeWatcher>> watchers_;
  std::unique_ptr<control::Scheduler> scheduler_;
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_REPLICA_H_
