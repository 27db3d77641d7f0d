#include "control/flow/registry.h"

#include <string>

#include "common/status/status.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

namespace tutti::flow {
namespace {

constexpr char kConference[] = "0190a000-0000-7000-8000-000000000001";

control::v1::Action MakeAction(const std::string& type, const std::string& option) {
  control::v1::Action action;
  action.set_type(type);
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(option, action.mutable_option()).ok());
  return action;
}

std::string FieldOf(const absl::Status& status) { return GetErrorDetail(status).details["field"]; }

class FakeHost final : public Host {
 public:
  absl::StatusOr<Outcome> JoinConference(const JoinRequest& join) override {
    joined = join;
    return Outcome::WaitForLeave();
  }
  JoinRequest joined;
};

absl::Status Check(const control::v1::Action& action) {
  control::v1::Call call;
  *call.add_actions() = action;
  return Registry().Check(call.actions());
}

TEST(RegistryTest, TakesWhatIsRight) {
  EXPECT_TRUE(Check(MakeAction("answer", "{}")).ok());
  EXPECT_TRUE(Check(MakeAction("hangup", "{}")).ok());
  EXPECT_TRUE(Check(MakeAction("sleep", R"({"duration":86400000})")).ok());
  EXPECT_TRUE(Check(MakeAction("conference_join", std::string(R"({"conference_id":")") + kConference + "\"}")).ok());
}

TEST(RegistryTest, RefusesWhatIsWrongByItsPlace) {
  EXPECT_EQ(FieldOf(Registry().Check({})), "actions");
  EXPECT_EQ(FieldOf(Check(MakeAction("fly", "{}"))), "actions[0].type");
  EXPECT_EQ(FieldOf(Check(MakeAction("answer", R"({"x":1})"))), "actions[0].option.x");
  EXPECT_EQ(FieldOf(Check(MakeAction("sleep", "{}"))), "actions[0].option.duration");
  EXPECT_EQ(FieldOf(Check(MakeAction("sleep", R"({"duration":86400001})"))), "actions[0].option.duration");
  const absl::Status missing = Check(MakeAction("conference_join", "{}"));
  EXPECT_EQ(GetErrorDetail(missing).reason, "MISSING_REQUEST_PARAMETER");
  const absl::Status no_id = Check(MakeAction("conference_join", R"({"conference_id":"7"})"));
  EXPECT_EQ(GetErrorDetail(no_id).reason, "INVALID_ID");
  EXPECT_EQ(FieldOf(no_id), "actions[0].option.conference_id");

  control::v1::Call call;
  for (int i = 0; i < Registry::kActionsMax; ++i) *call.add_actions() = MakeAction("answer", "{}");
  EXPECT_TRUE(Registry().Check(call.actions()).ok());
  *call.add_actions() = MakeAction("answer", "{}");
  EXPECT_EQ(FieldOf(Registry().Check(call.actions())), "actions");
}

TEST(RegistryTest, RunsEachType) {
  const Registry registry;
  FakeHost host;
  EXPECT_EQ(registry.Run(MakeAction("answer", "{}"), host)->kind, Outcome::Kind::kContinue);
  EXPECT_EQ(registry.Run(MakeAction("hangup", "{}"), host)->kind, Outcome::Kind::kHangup);
  auto sleep = registry.Run(MakeAction("sleep", R"({"duration":1500})"), host);
  EXPECT_EQ(sleep->kind, Outcome::Kind::kSleep);
  EXPECT_EQ(sleep->sleep, absl::Milliseconds(1500));
  const auto join =
      MakeAction("conference_join",
                 std::string(R"({"pin":"12","host":true,"muted":true,"conference_id":")") + kConference + "\"}");
  EXPECT_EQ(registry.Run(join, host)->kind, Outcome::Kind::kWaitForLeave);
  EXPECT_EQ(host.joined.conference_id, kConference);
  EXPECT_EQ(host.joined.pin, "12");
  EXPECT_TRUE(host.joined.host && host.joined.muted);
  EXPECT_EQ(registry.Join(join)->conference_id, kConference);
  EXPECT_FALSE(registry.Join(MakeAction("answer", "{}")).has_value());
  // An action of another version of the program ends nothing.
  EXPECT_EQ(registry.Run(MakeAction("gone", "{}"), host)->kind, Outcome::Kind::kRefused);
}

}  // namespace
}  // namespace tutti::flow
