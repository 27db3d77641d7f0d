#ifndef CONTROL_SIMULATION_FLOW_CHECKER_H_
#define CONTROL_SIMULATION_FLOW_CHECKER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/functional/function_ref.h"
#include "control/simulation/simulated_node.h"
#include "control/simulation/web.h"
#include "control/simulation/world.h"
#include "control/store/transaction.h"

namespace tutti::control::simulation {

// What holds of flows and their operations: a place in a flow never goes back, an
// operation keeps its id, is known to whoever did it, and ended as it is said to have.
class FlowChecker {
 public:
  // All outlive it; `counts` says what came to pass.
  FlowChecker(World& world, const std::vector<std::unique_ptr<SimulatedNode>>& nodes, const Web& web,
              std::map<std::string, int64_t>& counts)
      : world_(world), nodes_(nodes), web_(web), counts_(counts) {}

  // Of each commit with the call's row.
  void OnCall(const store::CallRecord& record);
  // Some time after the last trouble.
  void CheckProgress(const store::CallRecord& record);
  // What others were asked for.
  void CheckAsked();
  // A digit that is told as it happens.
  void OnLiveDigit(const std::string& call_id, const std::string& digit);

  // The digits that the call's flow had, and has not used, before the last commit.
  bool HadDigits(const std::string& call_id, const std::string& digits) const;

 private:
  // Position of the call's own action; where in it: before, in the pre-flow, in the
  // room, in the post-flow; and the position there.
  using Place = std::tuple<int, int, int>;
  struct Known {
    Place place;
    int actions_run = 0;
    std::string operation_id;
    // What is left of the operation's sounds, and of the tries for a PIN.
    int sounds = 0;
    int tries = 0;
    bool is_send = false;
    bool is_prompt = false;
    std::string action_id;
    absl::Duration operation_since;
    std::string received;
    std::string ahead;
    // Before the last commit.
    std::string received_before;
    std::string ahead_before;
  };

  static Place PlaceOf(const store::CallRecord& record);
  void CheckOperation(const store::CallRecord& record, Known& known, const Place& place);
  void CheckOutcome(const store::CallRecord& record, const Known& known);
  void CheckDigits(const store::CallRecord& record);
  void Expect(bool holds, const char* rule, absl::FunctionRef<std::string()> what);

  World& world_;
  const std::vector<std::unique_ptr<SimulatedNode>>& nodes_;
  const Web& web_;
  std::map<std::string, int64_t>& counts_;
  std::map<std::string, Known> calls_;
  // The call of each operation that a commit asked for; those that are over.
  std::map<std::string, std::string> operations_;
  std::set<std::string> over_;
};

}  // namespace tutti::control::simulation

#endif  // CONTROL_SIMULATION_FLOW_CHECKER_H_
