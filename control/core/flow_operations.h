#ifndef CONTROL_CORE_FLOW_OPERATIONS_H_
#define CONTROL_CORE_FLOW_OPERATIONS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/core/done.h"
#include "control/rules/media.h"

namespace tutti::control {

class Steps;

// What flows wait for others to do. Thread-safe.
class FlowOperations {
 public:
  explicit FlowOperations(Steps& steps) : steps_(steps) {}

  // What the call's flow waits for now. NOT_FOUND: nothing any more.
  absl::StatusOr<Operation> Read(const std::string& call_id);
  // An operation has ended; another one of the call's changes nothing. One that
  // plays ends so only when it can't: its end is an event of the node's.
  void Finish(const std::string& call_id, const std::string& operation_id, const absl::Status& outcome,
              DoneStatus done);
  // What it plays has ended so, and the node's event was lost.
  void FinishPlay(const std::string& call_id, const std::string& operation_id, media::v1::AudioFinished::Cause cause,
                  DoneStatus done);

 private:
  Steps& steps_;
};

}  // namespace tutti::control

#endif  // CONTROL_CORE_FLOW_OPERATIONS_H_
