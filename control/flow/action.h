#ifndef CONTROL_FLOW_ACTION_H_
#define CONTROL_FLOW_ACTION_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"

namespace tutti::flow {

// What a flow does after an action was run.
struct Outcome {
  enum class Kind {
    // Runs the next action at once.
    kContinue,
    // Notes why the action could not be done, and runs the next one.
    kRefused,
    // Waits until the participant that it made has left its room.
    kWaitForLeave,
    kSleep,
    kHangup,
  };

  static Outcome Continue() { return {}; }
  static Outcome Refused(absl::Status why) { return {Kind::kRefused, {}, std::move(why)}; }
  static Outcome WaitForLeave() { return {Kind::kWaitForLeave, {}, {}}; }
  static Outcome Sleep(absl::Duration duration) { return {Kind::kSleep, duration, {}}; }
  static Outcome Hangup() { return {Kind::kHangup, {}, {}}; }

  Kind kind = Kind::kContinue;
  absl::Duration sleep;
  absl::Status refusal;
};

// What a conference_join asks for.
struct JoinRequest {
  std::string conference_id;
  std::string pin;
  bool host = false;
  bool muted = false;
};

// What an action may do to the call that runs it.
class Host {
 public:
  virtual ~Host() = default;

  // Makes the call a participant: WaitForLeave, or Refused with the reason. An
  // error is the store's.
  virtual absl::StatusOr<Outcome> JoinConference(const JoinRequest& join) = 0;
};

// One type of action. Stateless: where a flow is stands in the call's record.
class Action {
 public:
  virtual ~Action() = default;

  virtual std::string type() const = 0;

  // An empty option of the action's own message.
  virtual std::unique_ptr<google::protobuf::Message> NewOption() const = 0;

  // What the types of the fields don't say; `path` is the option's place in the request.
  virtual absl::Status Check(const google::protobuf::Message& option, const std::string& path) const = 0;

  // An error is the store's and undoes the step.
  virtual absl::StatusOr<Outcome> Run(const google::protobuf::Message& option, Host& host) const = 0;

  // The room that it enters, known beforehand.
  virtual std::optional<JoinRequest> Join(const google::protobuf::Message&) const { return std::nullopt; }
};

// An Action by its option's message: Derived has Check and Run over it.
template <typename Option>
class ActionOf : public Action {
 public:
  std::unique_ptr<google::protobuf::Message> NewOption() const final { return std::make_unique<Option>(); }

  absl::Status Check(const google::protobuf::Message& option, const std::string& path) const final {
    return CheckOption(static_cast<const Option&>(option), path);
  }
  absl::StatusOr<Outcome> Run(const google::protobuf::Message& option, Host& host) const final {
    return RunOption(static_cast<const Option&>(option), host);
  }
  std::optional<JoinRequest> Join(const google::protobuf::Message& option) const final {
    return JoinOf(static_cast<const Option&>(option));
  }

 protected:
  virtual absl::Status CheckOption(const Option& option, const std::string& path) const = 0;
  virtual absl::StatusOr<Outcome> RunOption(const Option& option, Host& host) const = 0;
  virtual std::optional<JoinRequest> JoinOf(const Option&) const { return std::nullopt; }
};

}  // namespace tutti::flow

#endif  // CONTROL_FLOW_ACTION_H_
