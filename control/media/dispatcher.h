#ifndef CONTROL_MEDIA_DISPATCHER_H_
#define CONTROL_MEDIA_DISPATCHER_H_

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/core/media_commands.h"
#include "control/media/node_client.h"
#include "control/scheduler/task_queue.h"

namespace tutti::control {

// Makes the media nodes what the committed rows want. It keeps a set of legs,
// bridges, recordings and transcriptions that may differ, reads each one's command from the store, sends it,
// and feeds the reply to the core. At most one command of an id is in flight, a
// bridge goes before what needs it, and an id that changes meanwhile is
// read and sent again. What can't be sent is tried again with back-off for as
// long as the store wants it.
//
// Lives on the task queue but for what says otherwise.
class Dispatcher {
 public:
  // The clients, by node id, outlive the dispatcher.
  Dispatcher(MediaCommands& media_commands, TaskQueue& queue, std::map<std::string, NodeClient*> nodes);

  // A node has not got the sound that a bridge names: `put` brings it there and calls
  // back, from any thread; then the bridge is sent again. Before anything else.
  using PutSound = std::function<void(const std::string& node_id, std::function<void(absl::Status)> done)>;
  void OnSoundMissing(PutSound put) { put_sound_ = std::move(put); }

  // Thread-safe; does not block.
  void Enqueue(const Effects& effects);

  // Ids that wait or are in flight. Thread-safe.
  int64_t Depth() const { return depth_.load(std::memory_order_relaxed); }

  // Commands that failed and are to be sent again, so far. Thread-safe.
  int64_t Retries() const { return retries_.load(std::memory_order_relaxed); }

 private:
  enum class Kind { kBridge, kLeg, kRecording, kTranscription };
  // Node, kind, id.
  struct Key {
    std::string node_id;
    Kind kind;
    std::string id;
    auto operator<=>(const Key&) const = default;
  };
  struct Item {
    MediaRef ref;
    // Of the last request that named it; empty: of none.
    std::string traceparent;
    // Named again since its command was read.
    bool dirty = true;
    // From the reading of the command until the core has committed the reply.
    bool in_flight = false;
    int attempts = 0;
    // Of these, those that the node refused.
    int refusals = 0;
  };
  struct Node {
    NodeClient* client = nullptr;
    std::deque<Key> ready_bridges;
    // All else.
    std::deque<Key> ready;
    int in_flight = 0;
  };

  void Add(Kind kind, MediaRef ref, const std::string& traceparent);
  void MakeReady(const Key& key);
  void Pump(Node& node);
  void Send(const Key& key);
  void SendBridge(const Key& key, Item& item, Node& node);
  void SendLeg(const Key& key, Item& item, Node& node);
  void SendRecording(const Key& key, Item& item, Node& node);
  void SendTranscription(const Key& key, Item& item, Node& node);
  void OnLegPut(const Key& key, int64_t revision, const std::string& traceparent,
                absl::StatusOr<media::v1::LegState> state);
  // True: it waits for its bridge, which is on its way.
  bool Park(const Key& key, Item& item, Node& node, const std::string& bridge_id);
  // True: the error is no refusal yet, and the command is sent again.
  bool TriesAgain(const Key& key, const std::string& bridge_id, const absl::Status& why);
  // The command is settled: `retry` when it has to be read and sent again.
  void Finish(const Key& key, bool retry);
  // For the `done` of a core step: back on the queue, again on error.
  DoneStatus Committed(const Key& key);
  void Unpark(const Key& bridge);

  MediaCommands& media_commands_;
  TaskQueue& queue_;
  PutSound put_sound_;
  std::map<std::string, Node> nodes_;
  std::map<Key, Item> items_;
  std::map<Key, std::vector<Key>> parked_;
  std::atomic<int64_t> depth_{0};
  std::atomic<int64_t> retries_{0};
};

}  // namespace tutti::control

#endif  // CONTROL_MEDIA_DISPATCHER_H_
