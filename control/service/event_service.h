#ifndef CONTROL_SERVICE_EVENT_SERVICE_H_
#define CONTROL_SERVICE_EVENT_SERVICE_H_

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/clock/clock.h"
#include "control/core/events.h"
#include "control/live/live_hub.h"
#include "control/rules/media.h"
#include "control/scheduler/task_queue.h"
#include "control/service/authenticator.h"
#include "tutti/control/v1/event.grpc.pb.h"

namespace tutti::control {

// tutti.control.v1.EventService: each watcher reads the outbox from its own
// point on, a batch at a time, so a slow one costs no memory and holds up
// nobody; commits wake those whose streams they wrote to. Live events wait for
// each that wants them in a bounded queue, where the latest of who talks replaces
// the one before.
class EventService final : public v1::EventService::CallbackService {
 public:
  // Called on the queue's thread with the age of each event that a watcher has
  // taken, if it was written after the Watch began.
  using OnDelivered = std::function<void(absl::Duration age)>;
  // LiveHub::Talkers.
  using FindTalkers = std::function<std::vector<std::shared_ptr<const LiveEvent>>(const std::string& customer_id,
                                                                                  const std::string& stream)>;

  // The queue is this service's own, for its reads block. It is stopped after
  // the server and before the service ends. All outlive the server.
  EventService(Events& events, TaskQueue& queue, Clock& clock, const Authenticator& authenticator,
               OnDelivered on_delivered, FindTalkers find_talkers);
  ~EventService() override;

  grpc::ServerWriteReactor<v1::Event>* Watch(grpc::CallbackServerContext* context,
                                             const v1::WatchEventsRequest* request) override;

  // Thread-safe; does not block.
  void OnCommit(const Effects& effects);
  // Other replicas may have committed events: everybody looks. Thread-safe; does
  // not block.
  void OnRemoteCommit();
  // Events have got their place among all: those look that watch all streams.
  // Thread-safe; does not block.
  void OnSequenced();

  // A live event. Thread-safe; does not block.
  void OnLive(const std::shared_ptr<const LiveEvent>& live);

  // Ends all Watches, and later ones at once: control is ending. Thread-safe.
  void EndAll();

  // Watches in progress. Thread-safe.
  int Watchers() const { return count_.load(std::memory_order_relaxed); }

 private:
  class Watcher;

  void PostWake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Wake();

  Events& events_;
  TaskQueue& queue_;
  Clock& clock_;
  const Authenticator& authenticator_;
  const OnDelivered on_delivered_;
  const FindTalkers find_talkers_;
  std::atomic<int> count_{0};
  // The queue's.
  bool ending_ = false;
  std::set<std::shared_ptr<Watcher>> watchers_;

  absl::Mutex mutex_;
  bool wake_posted_ ABSL_GUARDED_BY(mutex_) = false;
  bool all_written_ ABSL_GUARDED_BY(mutex_) = false;
  // Written to since the last wake.
  std::set<std::string> written_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tutti::control

#endif  // CONTROL_SERVICE_EVENT_SERVICE_H_
