#ifndef CONTROL_OPERATIONS_OPERATIONS_H_
#define CONTROL_OPERATIONS_OPERATIONS_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "control/core/core.h"
#include "control/http_client/http_client.h"
#include "control/scheduler/task_queue.h"
#include "control/sound/audio_player.h"

namespace tutti::control {

// Does what flows wait for: plays sounds, sends requests, and tells the core how
// it ended. It reads what is wanted from the committed row; what is lost on the
// way the core asks for again, and an operation under way is not begun twice.
//
// Lives on the task queue but for what says otherwise.
class Operations {
 public:
  // As AudioPlayer's.
  using Play = std::function<void(PlayRequest, AudioPlayer::Done, AudioPlayer::Ended)>;
  using Stop = std::function<void(const StopRequest&, AudioPlayer::Done)>;

  // All outlive it.
  Operations(Core& core, TaskQueue& queue, HttpClient& http, Play play, Stop stop)
      : core_(core), queue_(queue), http_(http), play_(std::move(play)), stop_(std::move(stop)) {}

  // Thread-safe; does not block.
  void OnCommit(const Effects& effects);

  // Thread-safe: those that began, and those that failed.
  int64_t Begun() const { return begun_.load(std::memory_order_relaxed); }
  int64_t Failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  void Begin(const std::string& call_id);
  void Begin(const Operation& operation, const PlayOperation& play);
  void Begin(const Operation& operation, const SendOperation& send);
  // Thread-safe.
  void Finish(const Operation& operation, const absl::Status& outcome);
  Core::DoneStatus Stored(const Operation& operation);

  Core& core_;
  TaskQueue& queue_;
  HttpClient& http_;
  const Play play_;
  const Stop stop_;
  // By their ids.
  std::set<std::string> under_way_;
  std::atomic<int64_t> begun_{0};
  std::atomic<int64_t> failed_{0};
};

}  // namespace tutti::control

#endif  // CONTROL_OPERATIONS_OPERATIONS_H_
