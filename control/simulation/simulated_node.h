#ifndef CONTROL_SIMULATION_SIMULATED_NODE_H_
#define CONTROL_SIMULATION_SIMULATED_NODE_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "control/core/fake_media_node.h"
#include "control/simulation/world.h"

namespace tutti::control::simulation {

// A media node's process: what it holds, its event log, and its troubles.
class SimulatedNode {
 public:
  SimulatedNode(World& world, std::string id);

  const std::string& id() const { return id_; }
  bool is_up() const { return is_up_; }
  control::FakeMediaNode& media() { return media_; }

  // Runs one command on the node, which is up, and logs what came of it; or
  // refuses it.
  absl::Status Carry(const std::function<void(control::FakeMediaNode&)>& command);

  // The process dies and, later, another one starts.
  void Crash();
  void Start();
  // New legs and offers are refused as long as it is so.
  void SetBusy(bool busy);
  // Every command is refused: the way to its worker is full.
  void SetFull(bool full);
  // The worker stands still: legs stay where they are.
  void SetStuck(bool stuck);
  // Events from now on are lost; their end is told by a resync.
  void LoseEvents(absl::Duration duration);
  // The log forgets what it has.
  void TruncateLog() { log_.clear(); }
  void ReportMediaTimeout(const std::string& leg_id);
  // A text of some of what is transcribed, each another one.
  void Speak();
  // A sound was asked for: it is heard to its end, later, unless it is stopped.
  void OnPlay(const media::v1::PlayAudioRequest& request);
  // A caller presses a key: a sound that ends with it does, and who follows what
  // happens now is told.
  void Press(const std::string& leg_id, char digit);
  // The call of each operation that was played to one; those that have ended; and
  // the keys that each call's caller has pressed.
  const std::map<std::string, std::string>& played() const { return played_; }
  const std::set<std::string>& played_out() const { return played_out_; }
  const std::map<std::string, std::string>& pressed() const { return pressed_; }
  // All texts, by transcription.
  const std::map<std::string, std::vector<std::string>>& said() const { return said_; }

  // The network between it and a replica.
  void SetReachable(const std::string& replica, bool is_reachable);
  bool IsReachable(const std::string& replica) const { return !unreachable_.contains(replica); }

  // The log.
  const std::string& epoch() const { return media_.epoch(); }
  int64_t oldest_sequence() const { return log_.empty() ? latest_ + 1 : log_.front().sequence(); }
  int64_t latest_sequence() const { return latest_; }
  // Null: not there (yet, or any more).
  const media::v1::NodeEvent* FindEvent(int64_t sequence) const;
  // Called after each new event, crash and truncation.
  void OnChange(std::weak_ptr<std::function<void()>> listener) { listeners_.push_back(std::move(listener)); }

  // What happens now. The listeners are called with each event.
  using LiveListener = std::function<void(const media::v1::LiveEvent&)>;
  int64_t latest_live_sequence() const { return live_latest_; }
  void OnLive(std::weak_ptr<LiveListener> listener) { live_listeners_.push_back(std::move(listener)); }

  control::NodeSnapshot Snapshot() const;

  // Why a call may rightly have been hung up.
  // A command of that id and revision, or a higher one, was refused.
  bool HasRefused(const std::string& id, int64_t revision) const {
    const auto found = refused_.find(id);
    return found != refused_.end() && found->second >= revision;
  }
  void NoteRefusal(const std::string& id, int64_t revision) { refused_[id] = std::max(refused_[id], revision); }
  bool HasTimedOut(const std::string& leg_id) const { return timed_out_.contains(leg_id); }
  absl::Duration started_at() const { return started_at_; }
  absl::Duration last_event() const { return last_event_; }
  // The last moment at which it was dead, or out of some replica's reach.
  absl::Duration last_lost() const { return last_lost_; }

 private:
  void Collect();
  void Tick();
  void Changed();
  void PlayOut(const std::string& operation_id, int epochs);
  void NoteLost() { last_lost_ = world_.Elapsed(); }

  World& world_;
  const std::string id_;
  int epochs_ = 1;
  control::FakeMediaNode media_;
  bool is_up_ = true;
  bool is_stuck_ = false;
  bool is_full_ = false;
  bool loses_events_ = false;
  std::set<std::string> unreachable_;
  std::deque<media::v1::NodeEvent> log_;
  int64_t latest_ = 0;
  std::vector<std::weak_ptr<std::function<void()>>> listeners_;
  std::map<std::string, int64_t> refused_;
  std::set<std::string> timed_out_;
  int64_t live_latest_ = 0;
  std::vector<std::weak_ptr<LiveListener>> live_listeners_;
  std::map<std::string, std::string> played_;
  std::set<std::string> played_out_;
  std::map<std::string, std::string> pressed_;
  std::map<std::string, std::vector<std::string>> said_;
  int texts_ = 0;
  absl::Duration started_at_;
  absl::Duration last_event_;
  absl::Duration last_lost_ = -absl::InfiniteDuration();
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_SIMULATED_NODE_H_
