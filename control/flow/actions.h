#ifndef CONTROL_FLOW_ACTIONS_H_
#define CONTROL_FLOW_ACTIONS_H_

#include <memory>

#include "control/flow/action.h"

namespace tutti::flow {

// One for each message of tutti/control/v1/action.proto, each in its own file.
std::unique_ptr<Action> MakeAnswerAction();
std::unique_ptr<Action> MakeConferenceJoinAction();
std::unique_ptr<Action> MakeSleepAction();
std::unique_ptr<Action> MakeHangupAction();

}  // namespace tutti::flow

#endif  // CONTROL_FLOW_ACTIONS_H_
