#ifndef CONTROL_FLOW_ACTIONS_H_
#define CONTROL_FLOW_ACTIONS_H_

#include <memory>

#include "control/flow/action.h"

namespace tutti::flow {

// One for each message of tutti/control/v1/action.proto.

// plain_actions.cc
std::unique_ptr<Action> MakeAnswerAction();
std::unique_ptr<Action> MakeSleepAction();
std::unique_ptr<Action> MakeHangupAction();
// conference_join_action.cc
std::unique_ptr<Action> MakeConferenceJoinAction();
// sound_actions.cc
std::unique_ptr<Action> MakePlayAction();
std::unique_ptr<Action> MakeTalkAction();
std::unique_ptr<Action> MakeBeepAction();
std::unique_ptr<Action> MakeDigitsReceiveAction();
// branch_actions.cc
std::unique_ptr<Action> MakeBranchAction();
std::unique_ptr<Action> MakeConditionVariableAction();
std::unique_ptr<Action> MakeVariableSetAction();
std::unique_ptr<Action> MakeGotoAction();
std::unique_ptr<Action> MakeFetchFlowAction();
// webhook_send_action.cc
std::unique_ptr<Action> MakeWebhookSendAction();

}  // namespace tutti::flow

#endif  // CONTROL_FLOW_ACTIONS_H_
