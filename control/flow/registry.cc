#include "control/flow/registry.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/protojson/protojson.h"
#include "common/status/status.h"
#include "control/flow/actions.h"

namespace tutti::flow {

Registry::Registry() {
  for (auto make : {MakeAnswerAction, MakeConferenceJoinAction, MakeSleepAction, MakeHangupAction}) {
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
  for (int i = 0; i < actions.size(); ++i) {
    TUTTI_RETURN_IF_ERROR(ReadAction(actions.Get(i), absl::StrCat("actions[", i, "]")).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<Outcome> Registry::Run(const control::v1::Action& action, Host& host) const {
  auto read = ReadAction(action, "action");
  if (!read.ok()) return Outcome::Refused(read.status());
  return read->action->Run(*read->option, host);
}

std::optional<JoinRequest> Registry::Join(const control::v1::Action& action) const {
  auto read = ReadAction(action, "action");
  if (!read.ok()) return std::nullopt;
  return read->action->Join(*read->option);
}

}  // namespace tutti::flow
