#ifndef CONTROL_FLOW_REGISTRY_H_
#define CONTROL_FLOW_REGISTRY_H_

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/flow/action.h"
#include "control/flow/outcome.h"
#include "google/protobuf/repeated_field.h"
#include "tutti/control/v1/call.pb.h"

namespace tutti::flow {

// Every type of action that a flow can have. Immutable, thread-safe.
class Registry {
 public:
  static constexpr int kActionsMax = 100;

  Registry();

  // A flow as it comes in: 1–100 actions of known types, each option as its own
  // message wants it, ids that are there once, targets that are there.
  // INVALID_ARGUMENT names the place ("actions[2].option.duration").
  absl::Status Check(const google::protobuf::RepeatedPtrField<control::v1::Action>& actions) const;

  // What an action that was checked before asks for, with the variables put in.
  // Refuse: what came of them is wrong, or this program no longer knows the type.
  Outcome Run(const control::v1::Action& action, const Variables& variables) const;

  // The room that the action enters, where it is known beforehand.
  std::optional<JoinRequest> Join(const control::v1::Action& action) const;

 private:
  struct Read {
    const Action* action;
    std::unique_ptr<google::protobuf::Message> option;
  };
  absl::StatusOr<Read> ReadAction(const control::v1::Action& action, const std::string& path) const;

  std::map<std::string, std::unique_ptr<Action>> actions_;
};

}  // namespace tutti::flow

#endif  // CONTROL_FLOW_REGISTRY_H_
