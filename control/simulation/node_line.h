#ifndef CONTROL_SIMULATION_NODE_LINE_H_
#define CONTROL_SIMULATION_NODE_LINE_H_

#include <string>

#include "absl/status/status.h"
#include "control/scheduler/task_queue.h"
#include "control/simulation/simulated_node.h"
#include "control/simulation/world.h"

namespace tutti::control::simulation {

// What the network does to a call, of 1 000.
struct NetworkFaults {
  int request_lost = 0;
  int reply_lost = 0;
  // The command arrives once more, later.
  int repeated = 0;
  // It takes seconds, and so is overtaken by others.
  int slow = 0;
};

inline constexpr absl::Duration kNodeDelayMax = absl::Milliseconds(10);
inline constexpr absl::Duration kNodeSlowDelayMax = absl::Seconds(4);

// What of a replica's way to a node outlives the replica.
struct NodeLine {
  World& world;
  SimulatedNode& node;
  const NetworkFaults& faults;
  const std::string replica;
  // Null after the replica's end.
  control::TaskQueue* queue;

  bool IsUp() const { return node.is_up() && node.IsReachable(replica); }
  absl::Duration Delay() const {
    return world.random.Between(absl::ZeroDuration(),
                                world.random.Chance(faults.slow) ? kNodeSlowDelayMax : kNodeDelayMax);
  }
};

inline absl::Status NodeUnreachable() { return absl::UnavailableError("the node can't be reached"); }

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_NODE_LINE_H_
