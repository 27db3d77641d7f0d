#ifndef CONTROL_LIVE_LIVE_HUB_H_
#define CONTROL_LIVE_LIVE_HUB_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "control/core/owners.h"
#include "control/rules/media.h"
#include "control/scheduler/task_queue.h"
#include "tutti/control/v1/event.pb.h"
#include "tutti/media/v1/media_plane.pb.h"

namespace tutti::control {

// An event that is told once and kept nowhere.
struct LiveEvent {
  std::string customer_id;
  std::string node_id;
  v1::Event event;
};

// Makes live events of what media nodes hear: call_dtmf of each digit,
// transcript_interim of what is understood so far, and conferencecall_talking of
// who speaks. Talking is a level: what changes twice
// before it is told is told once or not at all, and each beginning that was told
// has its end, also when the participant leaves or its node is out of touch.
//
// Whose a leg is is read from the store, for many legs at once and one read at a
// time, so a crowd of talkers costs a bounded number of reads. Thread-safe.
class LiveHub {
 public:
  // Called on the queue, in order; must not block.
  using Target = std::function<void(const std::shared_ptr<const LiveEvent>&)>;

  // The queue is the hub's own, for its reads block; it is stopped before the hub
  // ends. All outlive the hub.
  LiveHub(Owners& owners, TaskQueue& queue, Clock& clock, Target target);

  // --- What a node tells. None of it blocks.

  void OnTalking(const std::string& node_id, const media::v1::LegTalking& talking, absl::Time time);
  void OnDigit(const std::string& node_id, const media::v1::LegDtmf& digit, absl::Time time);
  // One that is newer than another of the same speech replaces it.
  void OnInterim(const std::string& node_id, const media::v1::TranscriptInterim& interim, absl::Time time);
  // All legs of the node; those in `newer` have changed since and are passed over.
  void OnLevels(const std::string& node_id, const std::vector<media::v1::LegState>& legs,
                const std::set<std::string>& newer);
  // Nothing is known of the node any more.
  void OnNodeSilent(const std::string& node_id);

  // Participants that left fall silent.
  void OnCommit(const Effects& effects);

  bool IsTalking(const std::string& conferencecall_id) const;
  // Who speaks now, as the events that told it; an empty stream: any.
  std::vector<std::shared_ptr<const LiveEvent>> Talkers(const std::string& customer_id,
                                                        const std::string& stream) const;

  int64_t Told() const { return told_.load(std::memory_order_relaxed); }
  // Digits, texts and talkers that were too many.
  int64_t Dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Leg {
    std::string node_id;
    std::string bridge_id;
    bool talking = false;
    absl::Time time;
    // Its beginning, where that was told.
    std::shared_ptr<const LiveEvent> told;
  };
  struct Digit {
    std::string node_id;
    media::v1::LegDtmf digit;
    absl::Time time;
  };
  struct Interim {
    std::string node_id;
    media::v1::TranscriptInterim interim;
    absl::Time time;
  };
  // Of one transcription, of one leg.
  using InterimKey = std::pair<std::string, std::string>;
  using LegOwners = std::map<std::string, LegOwner>;
  using TranscribeOwners = std::map<std::string, TranscribeOwner>;
  using Events = std::vector<std::shared_ptr<const LiveEvent>>;

  void SetTalking(const std::string& node_id, const std::string& leg_id, const std::string& bridge_id, bool talking,
                  absl::Time time) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Plan(absl::Duration delay) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // One batch, on the queue.
  void Work();
  void TellLeg(const std::string& leg_id, const LegOwners& owners, Events& events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellDigit(const Digit& digit, const LegOwners& owners, Events& events);
  void TellInterim(const Interim& interim, const LegOwners& owners, const TranscribeOwners& transcribes,
                   Events& events);
  std::shared_ptr<LiveEvent> NewEvent(const char* type, const std::string& stream, const std::string& customer_id,
                                      const std::string& node_id, absl::Time time);

  Owners& owners_;
  TaskQueue& queue_;
  Clock& clock_;
  const Target target_;
  std::atomic<int64_t> told_{0};
  std::atomic<int64_t> dropped_{0};

  mutable absl::Mutex mutex_;
  // Those that talk or were told so.
  std::map<std::string, Leg> legs_ ABSL_GUARDED_BY(mutex_);
  // Legs whose level may have to be told.
  std::set<std::string> changed_ ABSL_GUARDED_BY(mutex_);
  std::deque<Digit> digits_ ABSL_GUARDED_BY(mutex_);
  std::map<InterimKey, Interim> interims_ ABSL_GUARDED_BY(mutex_);
  // Participants that were told to talk.
  std::unordered_set<std::string> talkers_ ABSL_GUARDED_BY(mutex_);
  bool planned_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tutti::control

#endif  // CONTROL_LIVE_LIVE_HUB_H_
