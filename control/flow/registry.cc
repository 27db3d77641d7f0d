#include "control/flow/registry.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/protojson/protojson.h"
#include "common/status/status.h"
#include "control/flow/actions.h"
#include "control/flow/check.h"
#include "control/flow/variables.h"

namespace tutti::flow {

Registry::Registry() {
  for (auto make :
       {MakeAnswerAction, MakeSleepAction, MakeHangupAction, MakeConferenceJoinAction, MakePlayAction, MakeTalkAction,
        MakeBeepAction, MakeDigitsReceiveAction, MakeBranchAction, MakeConditionVariableAction, MakeVariableSetAction,
        MakeGotoAction, MakeFetchFlowAction, MakeWebhookSendAction}) {
    std::unique_ptr<Action> action = make();
    const std::string type = action->type();
    actions_[type] = std::move(action);
  }
}

absl::StatusOr<Registry::Read> Registry::ReadAction(const control::v1::Action& action, const std::string& path) const {
  const auto found = actions_.find(action.type());
  if (found == actions_.end()) {
    std::vector<std::string> types;
    for (const auto& [type, known] : actions_) types.push_back(type);
    const std::string place = absl::StrCat(path, ".type");
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER",
                 absl::StrCat(place, " is not one of ", absl::StrJoin(types, ", ")), {{"field", place}});
  }
  Read read{found->second.get(), found->second->NewOption()};
  const std::string option_path = absl::StrCat(path, ".option");
  TUTTI_RETURN_IF_ERROR(protojson::ReadStruct(action.option(), option_path, *read.option));
  TUTTI_RETURN_IF_ERROR(read.action->Check(*read.option, option_path));
  return read;
}

absl::Status Registry::Check(const google::protobuf::RepeatedPtrField<control::v1::Action>& actions) const {
  if (actions.empty()) {
    return Error(absl::StatusCode::kInvalidArgument, "MISSING_REQUEST_PARAMETER", "actions is required",
                 {{"field", "actions"}});
  }
  if (actions.size() > kActionsMax) {
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST_PARAMETER",
                 absl::StrCat("actions has more than ", kActionsMax), {{"field", "actions"}});
  }
  std::set<std::string> ids;
  for (int i = 0; i < actions.size(); ++i) {
    const std::string& id = actions.Get(i).id();
    if (id.empty()) continue;
    const std::string place = absl::StrCat("actions[", i, "].id");
    if (!IsName(id)) return Wrong(place, "must be 1 to 64 letters, digits, dots, underscores or hyphens");
    if (!ids.insert(id).second) return Wrong(place, "is another action's, too");
  }
  for (int i = 0; i < actions.size(); ++i) {
    const std::string path = absl::StrCat("actions[", i, "]");
    TUTTI_ASSIGN_OR_RETURN(const Read read, ReadAction(actions.Get(i), path));
    for (const std::string& target : read.action->Targets(*read.option)) {
      if (!ids.contains(target)) return Wrong(absl::StrCat(path, ".option"), absl::StrCat("has no target ", target));
    }
  }
  return absl::OkStatus();
}

Outcome Registry::Run(const control::v1::Action& action, const Variables& variables) const {
  control::v1::Action filled = action;
  Substitute(*filled.mutable_option(), variables);
  auto read = ReadAction(filled, "action");
  if (!read.ok()) return Refuse{read.status()};
  return read->action->Run(*read->option, variables);
}

std::optional<JoinRequest> Registry::Join(const control::v1::Action& action) const {
  auto read = ReadAction(action, "action");
  if (!read.ok()) return std::nullopt;
  // Its run needs no variable.
  Outcome outcome = read->action->Run(*read->option, {});
  auto* join = std::get_if<JoinRequest>(&outcome);
  if (join == nullptr || HasVariables(join->conference_id) || HasVariables(join->pin)) return std::nullopt;
  return std::move(*join);
}

}  // namespace tutti::flow
