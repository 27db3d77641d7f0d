#ifndef CONTROL_FLOW_ACTION_H_
#define CONTROL_FLOW_ACTION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "control/flow/outcome.h"
#include "google/protobuf/message.h"

namespace tutti::flow {

// One type of action. Stateless: where a flow is stands in the call's record.
class Action {
 public:
  virtual ~Action() = default;

  virtual std::string type() const = 0;

  // An empty option of the action's own message.
  virtual std::unique_ptr<google::protobuf::Message> NewOption() const = 0;

  // What the types of the fields don't say; `path` is the option's place in the
  // request. A text with variables in it is let pass: it is checked when they
  // are put in.
  virtual absl::Status Check(const google::protobuf::Message& option, const std::string& path) const = 0;

  // Of an option that was checked, with its variables put in.
  virtual Outcome Run(const google::protobuf::Message& option, const Variables& variables) const = 0;

  // The ids of the actions that it may go on with.
  virtual std::vector<std::string> Targets(const google::protobuf::Message& option) const = 0;
};

// An Action by its option's message: Derived has CheckOption and RunOption.
template <typename Option>
class ActionOf : public Action {
 public:
  std::unique_ptr<google::protobuf::Message> NewOption() const final { return std::make_unique<Option>(); }

  absl::Status Check(const google::protobuf::Message& option, const std::string& path) const final {
    return CheckOption(static_cast<const Option&>(option), path);
  }
  Outcome Run(const google::protobuf::Message& option, const Variables& variables) const final {
    return RunOption(static_cast<const Option&>(option), variables);
  }
  std::vector<std::string> Targets(const google::protobuf::Message& option) const final {
    return TargetsOf(static_cast<const Option&>(option));
  }

 protected:
  virtual absl::Status CheckOption(const Option&, const std::string&) const { return absl::OkStatus(); }
  virtual Outcome RunOption(const Option& option, const Variables& variables) const = 0;
  virtual std::vector<std::string> TargetsOf(const Option&) const { return {}; }
};

}  // namespace tutti::flow

#endif  // CONTROL_FLOW_ACTION_H_
