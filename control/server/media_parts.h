#ifndef CONTROL_SERVER_MEDIA_PARTS_H_
#define CONTROL_SERVER_MEDIA_PARTS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/clock/clock.h"
#include "control/live/live_hub.h"
#include "control/live/live_watcher.h"
#include "control/media/dispatcher.h"
#include "control/media/node_registry.h"
#include "control/media/node_watcher.h"
#include "control/operations/operations.h"
#include "control/scheduler/effect_router.h"
#include "control/scheduler/scheduler.h"
#include "control/scheduler/task_queue.h"
#include "control/server/core_parts.h"
#include "control/server/options.h"

namespace tutti::control {

// Who speaks with media nodes, and who looks at the time.
class MediaParts {
 public:
  // All outlive it. `on_live` as LiveHub's; `on_look` is called when other replicas may have committed something;
  // empty: there are none.
  MediaParts(const ServerOptions& options, CoreParts& core, NodeRegistry& registry, EffectRouter& router, Clock& clock,
             LiveHub::Target on_live, std::function<void()> on_look);

  void Start();
  void Stop();
  // The clocks have moved.
  void Wake();
  // Thread-safe.
  void OnRemoteCommit() { scheduler_->OnRemoteCommit(); }

  const std::map<std::string, NodeClient*>& nodes() const { return nodes_; }
  // The nodes' clients'.
  TaskQueue& queue() { return queue_; }
  LiveHub& live() { return *live_; }
  const Dispatcher& dispatcher() const { return *dispatcher_; }
  const Operations& operations() const { return *operations_; }

  // Figures of all nodes. Thread-safe.
  int64_t NodeEvents() const;
  int64_t Reconciles() const;
  int64_t LiveEventsLost() const;

 private:
  void Route(EffectRouter& router);

  Sounds& sounds_;
  // Nodes' events and commands, deadlines.
  TaskQueue queue_;
  // Live events.
  TaskQueue live_queue_;
  std::map<std::string, std::unique_ptr<NodeClient>> clients_;
  std::map<std::string, NodeClient*> nodes_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::vector<std::unique_ptr<NodeWatcher>> watchers_;
  std::unique_ptr<LiveHub> live_;
  std::vector<std::unique_ptr<LiveWatcher>> live_watchers_;
  std::unique_ptr<Operations> operations_;
  std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace tutti::control

#endif  // CONTROL_SERVER_MEDIA_PARTS_H_
