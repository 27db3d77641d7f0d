#ifndef CONTROL_LIVE_LIVE_WATCHER_H_
#define CONTROL_LIVE_LIVE_WATCHER_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "control/core/done.h"
#include "control/live/live_hub.h"
#include "control/media/node_client.h"
#include "control/rules/media.h"
#include "control/scheduler/task_queue.h"

namespace tutti::control {

// Follows one media node's WatchLive. All of it goes to the hub, in every replica;
// a digit also goes to the flow of its call, from the replica alone that has the
// node's lease: one at a time for each leg, in order. At each beginning, and after
// lost events, a Snapshot says who talks. Digits that are lost on the way, or come
// while no replica has the lease, are lost.
//
// Lives on the task queue but for what says otherwise.
class LiveWatcher {
 public:
  // Nothing: this replica doesn't have the node's lease.
  using FindLease = std::function<std::optional<NodeLease>()>;
  // MediaNodes::HandleDigit.
  using OnDigit = std::function<void(const NodeLease&, const media::v1::LegDtmf&, DoneStatus)>;

  // All outlive the watcher; the queue is the client's.
  LiveWatcher(std::string node_id, NodeClient& client, TaskQueue& queue, LiveHub& hub, FindLease find_lease,
              OnDigit on_digit);

  // Once. Thread-safe.
  void Start();

  // Thread-safe figures.
  int64_t Events() const { return events_.load(std::memory_order_relaxed); }
  // By the node, or by the network.
  int64_t EventsLost() const { return events_lost_.load(std::memory_order_relaxed); }
  // That were too many for the store.
  int64_t DigitsDropped() const { return digits_dropped_.load(std::memory_order_relaxed); }

 private:
  void Watch();
  void OnMessage(int64_t generation, const media::v1::WatchLiveResponse& message);
  void OnEvent(const media::v1::LiveEvent& event);
  void OnStreamEnd(int64_t generation, const absl::Status& status);
  void ReadLevels();
  void OnSnapshot(int64_t generation, const absl::StatusOr<NodeSnapshot>& snapshot);
  void EnqueueDigit(const media::v1::LegDtmf& digit);
  void SendDigit(const std::string& leg_id);

  const std::string node_id_;
  NodeClient& client_;
  TaskQueue& queue_;
  LiveHub& hub_;
  const FindLease find_lease_;
  const OnDigit on_digit_;

  // What belongs to an earlier stream is recognised by it and left alone.
  int64_t generation_ = 0;
  std::shared_ptr<NodeClient::Stream> stream_;
  int64_t sequence_ = 0;
  int failures_ = 0;
  // Or they have been less than a pause ago.
  bool reading_levels_ = false;
  bool levels_due_ = false;
  // Legs that were told of since the levels were asked for.
  std::set<std::string> newer_;
  // By leg; the first of each is with the store.
  std::map<std::string, std::deque<media::v1::LegDtmf>> digits_;
  size_t digit_count_ = 0;
  std::atomic<int64_t> events_{0};
  std::atomic<int64_t> events_lost_{0};
  std::atomic<int64_t> digits_dropped_{0};
};

}  // namespace tutti::control

#endif  // CONTROL_LIVE_LIVE_WATCHER_H_
