#ifndef CONTROL_MEDIA_NODE_WATCHER_H_
#define CONTROL_MEDIA_NODE_WATCHER_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock/clock.h"
#include "control/core/media_nodes.h"
#include "control/media/node_client.h"
#include "control/media/node_registry.h"
#include "control/scheduler/task_queue.h"

namespace tutti::control {

// Keeps the store in step with one media node: holds the node's lease, follows
// its Watch from the committed point on, and reconciles by a Snapshot at each
// start, when the node says so or its epoch is new, and every 30 s. Says in the
// registry whether the node can be used, and tells the core when it has been out
// of reach for 15 s. While another replica has the lease it asks for it every
// second, and says of the node what its own probes say.
//
// What has happened between the committed point and a snapshot is read before the
// snapshot is applied: texts are in events alone.
//
// One thing is in progress at a time: claim, watch, or reconcile; each that
// fails is begun again after a pause. Lives on the task queue but for what says
// otherwise.
class NodeWatcher {
 public:
  struct Options {
    absl::Duration lease = absl::Seconds(5);
    absl::Duration lease_renewal = absl::Seconds(2);
    absl::Duration probe_interval = absl::Seconds(1);
    absl::Duration reconcile_interval = absl::Seconds(30);
    absl::Duration lost_after = absl::Seconds(15);
  };

  // Everything outlives the watcher. `owner` is the replica, see MediaNodes::Claim.
  // `monotonic` is the queue's.
  NodeWatcher(std::string node_id, std::string owner, MediaNodes& media_nodes, NodeClient& client,
              NodeRegistry& registry, TaskQueue& queue, Clock& clock, MonotonicClock monotonic, Options options);

  // Once. Thread-safe.
  void Start();

  // The node's lease, where this replica has it as far as it knows. On the queue.
  std::optional<NodeLease> CurrentLease() const { return has_lease_ ? std::optional(lease_) : std::nullopt; }

  // Thread-safe figures.
  int64_t Events() const { return events_.load(std::memory_order_relaxed); }
  int64_t Reconciles() const { return reconciles_.load(std::memory_order_relaxed); }

 private:
  enum class State { kPause, kClaim, kWatch, kDrain, kReconcile };

  void Claim();
  void OnClaimed(absl::StatusOr<NodeLease> lease);
  // Goes on with what is needed: a reconcile, or the Watch.
  void Continue();
  void Watch();
  void OnMessage(int64_t generation, const media::v1::WatchResponse& message);
  void OnEvent(const media::v1::NodeEvent& event);
  // Hands on what waits, one batch at a time.
  void CommitEvents();
  void OnCommitted(int64_t generation, int64_t last, const absl::Status& status);
  void OnStreamEnd(int64_t generation, const absl::Status& status);
  // Ends the Watch and waits for the events that are being committed.
  void Drain();
  void CheckDrained();
  void Reconcile();
  void OnSnapshot(absl::StatusOr<NodeSnapshot> snapshot);
  // Once what had happened before it is committed.
  void ApplySnapshot();
  // The snapshot waits for events that were before it.
  bool CatchesUp() const { return snapshot_.has_value() && lease_.sequence < snapshot_->sequence; }
  // Begins again after a pause: by a claim where the lease is gone.
  void Pause(const absl::Status& why);

  void RenewLease();
  void Probe();
  void OnProbe(absl::StatusOr<media::v1::NodeState> node);
  void CheckLost();
  void InContact();
  void Publish();

  const std::string node_id_;
  const std::string owner_;
  MediaNodes& media_nodes_;
  NodeClient& client_;
  NodeRegistry& registry_;
  TaskQueue& queue_;
  Clock& clock_;
  const MonotonicClock monotonic_;
  const Options options_;

  State state_ = State::kPause;
  // Replies to an earlier state's questions are recognised by it and left alone.
  int64_t generation_ = 0;
  bool has_lease_ = false;
  // The last claim found another replica's.
  bool held_elsewhere_ = false;
  NodeLease lease_;
  std::shared_ptr<NodeClient::Stream> stream_;
  // Events that wait for those that the core is committing.
  std::vector<media::v1::NodeEvent> waiting_;
  size_t committing_ = 0;
  bool read_held_ = false;
  // Why the stream is being left; OK: for a reconcile.
  absl::Status drain_cause_;
  // At once where the Watch can't go on from the committed point.
  bool snapshot_needed_ = false;
  // As soon as the Watch has caught up with what had happened when it began.
  bool reconcile_due_ = true;
  // Taken and not yet applied.
  std::optional<NodeSnapshot> snapshot_;
  int64_t catch_up_ = 0;
  absl::Duration reconciled_at_;
  // The Watch has begun and nothing has gone wrong since.
  bool in_step_ = false;
  int failures_ = 0;
  // Of the node's last word, or of the start.
  absl::Duration contact_at_;
  bool has_answered_ = false;
  // Since the last one that was answered.
  int failed_probes_ = 0;
  bool lost_ = false;
  // The core is being told so.
  bool losing_ = false;
  NodeRegistry::Node node_;
  std::atomic<int64_t> events_{0};
  std::atomic<int64_t> reconciles_{0};
};

}  // namespace tutti::control

#endif  // CONTROL_MEDIA_NODE_WATCHER_H_
