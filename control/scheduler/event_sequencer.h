#ifndef CONTROL_SCHEDULER_EVENT_SEQUENCER_H_
#define CONTROL_SCHEDULER_EVENT_SEQUENCER_H_

#include <atomic>
#include <functional>

#include "control/core/events.h"
#include "control/scheduler/task_queue.h"

namespace tutti::control {

// Has the core give committed events their place among all, where the store
// doesn't do so at the insert: soon after each commit, one call at a time for
// many commits.
class EventSequencer {
 public:
  // All outlive it. `on_sequenced` is called on the queue after events have got
  // their place.
  EventSequencer(Events& events, TaskQueue& queue, std::function<void()> on_sequenced)
      : events_(events), queue_(queue), on_sequenced_(std::move(on_sequenced)) {}

  // There may be new events. Thread-safe; does not block.
  void Wake();

 private:
  void Run();

  Events& events_;
  TaskQueue& queue_;
  const std::function<void()> on_sequenced_;
  std::atomic<bool> planned_{false};
  // The queue's.
  bool running_ = false;
  bool again_ = false;
};

}  // namespace tutti::control

#endif  // CONTROL_SCHEDULER_EVENT_SEQUENCER_H_
