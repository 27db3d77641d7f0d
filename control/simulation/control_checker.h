#ifndef CONTROL_SIMULATION_CONTROL_CHECKER_H_
#define CONTROL_SIMULATION_CONTROL_CHECKER_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "control/simulation/flow_checker.h"
#include "control/simulation/world.h"
#include "control/store/transaction.h"

namespace tutti::control::simulation {

// What holds of the controls of rooms and participants: lock, PIN, mute all, host
// rules, coaches, moves, and what nodes are told of them.
class ControlChecker {
 public:
  // All outlive it; `counts` says what came to pass.
  ControlChecker(World& world, const FlowChecker& flows, std::map<std::string, int64_t>& counts)
      : world_(world), flows_(flows), counts_(counts) {}

  // Of each commit: every participant whose row it wrote, with its call and room,
  // then every room with all who ever were in it.
  void Begin();
  void OnParticipant(control::Transaction& tx, const store::ConferencecallRecord& record, const store::CallRecord& call,
                     const store::ConferenceRecord& room, bool is_new);
  void OnRoom(const store::ConferenceRecord& record, const std::vector<store::ConferencecallRecord>& participants);
  void End();

  // A leg that its node has at the wanted revision, and a bridge.
  void CheckLeg(control::Transaction& tx, const store::CallRecord& call, const media::v1::LegSettings& settings);
  void CheckBridge(const store::ConferenceRecord& room, const media::v1::PutBridgeRequest& put);

 private:
  struct Room {
    bool is_known = false;
    std::string name;
    bool muted_on_entry = false;
    bool host_entered = false;
    int64_t bridge_revision = 0;
    // When that was last changed.
    absl::Duration bridge_changed_at;
  };
  struct Participant {
    bool is_joined_host = false;
    bool has_moved = false;
    std::string coach_target_id;
  };
  // One who has come in.
  struct Entry {
    v1::Conferencecall participant;
    store::CallRecord call;
    store::ConferenceRecord room;
  };

  void CheckCoach(control::Transaction& tx, const v1::Conferencecall& coach);
  void CheckEntry(const Entry& entry, bool is_moved);
  void CheckMuteAll(const v1::Conference& room, const std::vector<store::ConferencecallRecord>& participants);
  void CheckMove(const v1::Conferencecall& left, const Entry& entry);
  void Expect(bool holds, const char* rule, absl::FunctionRef<std::string()> what);

  World& world_;
  const FlowChecker& flows_;
  std::map<std::string, Room> rooms_;
  std::map<std::string, Participant> participants_;
  std::map<std::string, int64_t>& counts_;

  // Of the commit that is looked at: rooms that a host has left; by call, who leaves
  // for another room, and who is new.
  std::set<std::string> host_left_;
  std::map<std::string, v1::Conferencecall> moved_;
  std::map<std::string, Entry> entries_;
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_CONTROL_CHECKER_H_
