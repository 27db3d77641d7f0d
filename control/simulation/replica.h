#ifndef CONTROL_SIMULATION_REPLICA_H_
#define CONTROL_SIMULATION_REPLICA_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/id/id.h"
#include "control/core/core.h"
#include "control/live/live_hub.h"
#include "control/live/live_watcher.h"
#include "control/media/dispatcher.h"
#include "control/media/node_registry.h"
#include "control/media/node_watcher.h"
#include "control/operations/operations.h"
#include "control/scheduler/effect_router.h"
#include "control/scheduler/scheduler.h"
#include "control/scheduler/task_queue.h"
#include "control/simulation/simulated_http_client.h"
#include "control/simulation/simulated_node.h"
#include "control/simulation/simulated_node_client.h"
#include "control/simulation/simulated_store.h"
#include "control/simulation/web.h"
#include "control/simulation/world.h"
#include "control/sound/audio_player.h"
#include "control/sound/sound_library.h"
#include "control/speech/fake_speech_client.h"
#include "control/webhook/delivery_engine.h"

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
    // What it tells of what happens now.
    std::function<void(const control::LiveEvent&)> on_live;
  };

  // All outlive the replica.
  Replica(World& world, SimulatedDatabase& database, const std::vector<std::unique_ptr<SimulatedNode>>& nodes, Web& web,
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
  void MakeSounds(World& world, const std::map<std::string, control::NodeClient*>& clients);
  void MakeWebhooks(World& world);
  void MakeLive(const std::map<std::string, control::NodeClient*>& clients);

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
  std::unique_ptr<SimulatedHttpClient> http_;
  control::FakeSpeechClient speech_;
  std::unique_ptr<control::SoundLibrary> sounds_;
  std::unique_ptr<control::AudioPlayer> player_;
  std::unique_ptr<control::Operations> operations_;
  std::unique_ptr<control::LiveHub> live_;
  std::vector<std::unique_ptr<control::LiveWatcher>> live_watchers_;
  std::unique_ptr<control::DeliveryEngine> deliveries_;
  std::unique_ptr<control::Scheduler> scheduler_;
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_REPLICA_H_
