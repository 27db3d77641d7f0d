#ifndef CONTROL_SIMULATION_CHECKER_H_
#define CONTROL_SIMULATION_CHECKER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "control/simulation/control_checker.h"
#include "control/simulation/flow_checker.h"
#include "control/simulation/simulated_node.h"
#include "control/simulation/simulated_store.h"
#include "control/simulation/world.h"

namespace tutti::control::simulation {

// What must hold, whatever happens. It reads rows and events as they are
// committed; a violation fails the world.
class Checker {
 public:
  Checker(World& world, const std::vector<std::unique_ptr<SimulatedNode>>& nodes, const Web& web,
          std::map<std::string, int64_t>& counts)
      : world_(world),
        nodes_(nodes),
        counts_(counts),
        flows_(world, nodes, web, counts),
        controls_(world, flows_, counts) {}

  // Before the first commit.
  void SetDatabase(SimulatedDatabase& database) { database_ = &database; }

  // Of each commit: the rows that it wrote and the events that it added.
  void OnCommit(const SimulatedDatabase::Commit& commit);

  // Of all rows, now and then: `trouble_at` is when time could last not be kept.
  void CheckDeadlines(absl::Duration trouble_at);
  // Nothing waits for a node for longer than it takes.
  void CheckProgress();
  // Of a node that nobody reaches any more.
  void CheckLost(const std::string& node_id);
  // Some time after the last trouble: nothing hangs, and the nodes have what the
  // store wants and nothing else.
  void CheckAgreement();
  // After every room was deleted and every call hung up, too.
  void CheckEnd();

  FlowChecker& flows() { return flows_; }

  // Of everything that was ever committed, by id, in order of their names.
  const std::vector<std::string>& rooms() const { return rooms_; }
  const std::vector<std::string>& participants() const { return participants_; }
  const std::vector<std::string>& calls() const { return calls_; }
  const std::vector<std::string>& recordings() const { return recordings_; }
  const std::vector<std::string>& flow_ids() const { return flow_ids_; }
  std::string RoomOf(const std::string& participant_id) const { return room_of_participant_.at(participant_id); }
  // Who else is in the participant's room, or leaves it.
  std::vector<std::string> PeersOf(const std::string& participant_id) const;
  // All streams with their last sequence.
  const std::map<std::string, int64_t>& streams() const { return streams_; }
  int64_t last_position() const { return position_; }

 private:
  struct Row {
    int status = 0;
    int64_t revision = 0;
    int64_t deadline_us = 0;
  };

  absl::Status CheckRows(control::Transaction& tx, const std::set<RowName>& rows);
  absl::Status CheckEvents(control::Transaction& tx, const std::string& who);
  absl::Status CheckRoom(control::Transaction& tx, const store::ConferenceRecord& record);
  absl::Status CheckParticipant(control::Transaction& tx, const store::ConferencecallRecord& record);
  absl::Status CheckCall(control::Transaction& tx, const store::CallRecord& record);
  absl::Status CheckRecording(control::Transaction& tx, const store::RecordingRecord& record);
  void CheckEvent(control::Transaction& tx, const v1::Event& event);
  void CheckRecordingEvent(const v1::Event& event);
  absl::Status CheckTranscribe(control::Transaction& tx, const store::TranscribeRecord& record);
  void CheckTranscribeEvent(const v1::Event& event);
  // What was said is there, or is known to be missing.
  void CheckTexts(control::Transaction& tx);
  void CheckRecordings(control::Transaction& tx, SimulatedNode& node);
  void CheckHangup(control::Transaction& tx, const v1::Call& call);
  void CheckLeave(control::Transaction& tx, const v1::Conferencecall& participant);
  void CheckNodes(control::Transaction& tx);
  void CheckLeg(control::Transaction& tx, const SimulatedNode& node, const media::v1::LegState& leg);
  void CheckCallIsThere(control::Transaction& tx, const store::CallRecord& record);
  // No state goes back.
  void Note(std::vector<std::string>& ids, const std::string& id, int status, int64_t revision, int64_t deadline_us,
            bool is_over);
  SimulatedNode* FindNode(const std::string& id) const;
  void Expect(bool holds, const std::string& what);
  // What is rendered only where it is needed.
  void Expect(bool holds, const char* rule, absl::FunctionRef<std::string()> what);
  // As the events name the effects: "conferencecall_joined" of an id.
  int CountOf(const std::string& type, const std::string& id) const;

  World& world_;
  const std::vector<std::unique_ptr<SimulatedNode>>& nodes_;
  std::map<std::string, int64_t>& counts_;
  SimulatedDatabase* database_ = nullptr;

  std::map<std::string, Row> rows_;
  std::vector<std::string> rooms_;
  std::vector<std::string> participants_;
  std::vector<std::string> calls_;
  std::vector<std::string> recordings_;
  std::vector<std::string> transcribes_;
  std::vector<std::string> flow_ids_;
  // Texts that events told.
  std::set<std::string> texts_;
  // Of transcriptions, as events told.
  std::map<std::string, bool> degraded_;
  // Rows that have not ended.
  std::set<std::string> live_;
  std::map<std::string, std::string> room_of_participant_;

  // Of the commit that is looked at.
  std::string committer_;
  int64_t position_ = 0;
  std::map<std::string, int64_t> streams_;
  std::set<std::string> event_ids_;
  // Times that an event of a type was about an id.
  std::map<std::string, std::map<std::string, int>> effects_;
  std::map<std::string, int> event_status_;
  std::set<std::string> ended_streams_;
  FlowChecker flows_;
  ControlChecker controls_;
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_CHECKER_H_
