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

TEST(RegistryTest, ChecksEachOption) {
  const struct {
    const char* type;
    const char* option;
    // Empty: it is right.
    const char* field;
  } cases[] = {
      {"play", R"({"sounds":["beep","file:a.wav","https://host/b.wav"],"stop_on_dtmf":true})", ""},
      {"play", "{}", ".sounds"},
      {"play", R"({"sounds":["beep","moo"]})", ".sounds[1]"},
      {"talk", R"({"text":"Hello ${call.source}","language":"en-US","voice":"slt","stop_on_dtmf":true})", ""},
      {"talk", R"({"text":"${text}","language":"${language}","voice":"${voice}"})", ""},
      {"talk", "{}", ".text"},
      {"talk", R"({"text":"a","language":"english please"})", ".language"},
      {"talk", R"({"text":"a","voice":"../slt"})", ".voice"},
      {"beep", "{}", ""},
      {"digits_receive", R"({"duration":1000,"length":4,"key":"#","sound":"beep"})", ""},
      {"digits_receive", R"({"duration":0,"length":4})", ".duration"},
      {"digits_receive", R"({"duration":1,"length":33})", ".length"},
      {"digits_receive", R"({"duration":1,"length":1,"key":"x"})", ".key"},
      {"digits_receive", R"({"duration":1,"length":1,"sound":"moo"})", ".sound"},
      {"branch", R"({"variable":"a b"})", ".variable"},
      {"branch", R"({"target_ids":{"1":"nowhere"}})", ""},
      {"condition_variable", R"({"variable":"a","condition":"=~"})", ".condition"},
      {"condition_variable", R"({"condition":"=="})", ".variable"},
      {"variable_set", R"({"key":"a","value":"b"})", ""},
      {"variable_set", R"({"key":"call.id"})", ".key"},
      {"variable_set", R"({"key":"result.x"})", ".key"},
      {"goto", R"({"target_id":"x","loop_count":0})", ".loop_count"},
      {"goto", R"({"loop_count":1})", ".target_id"},
      {"fetch_flow", R"({"flow_id":"x"})", ".flow_id"},
      {"fetch_flow", R"({"flow_id":"${next}"})", ""},
      {"webhook_send", R"({"uri":"http://host/","method":"PUT","data":"{}"})", ""},
      {"webhook_send", R"({"uri":"ftp://host/"})", ".uri"},
      {"webhook_send", R"({"uri":"http://host/","method":"TRACE"})", ".method"},
      {"webhook_send", R"({"uri":"http://host/","data_type":"a\r\nb"})", ".data_type"},
      {"conference_join", R"({"conference_id":"${room}","pin":"${digits}"})", ""},
      {"conference_join", R"({"conference_id":"${room}","pin_attempts":6})", ".pin_attempts"},
      {"conference_join", R"({"conference_id":"${room}","pin_sound":"moo"})", ".pin_sound"},
  };
  for (const auto& c : cases) {
    const std::string field = FieldOf(Check(MakeAction(c.type, c.option)));
    // A target that is not there is said of the whole option.
    const std::string expected = std::string(c.option).find("nowhere") != std::string::npos ? "actions[0].option"
                                 : *c.field == 0                                            ? ""
                                                 : std::string("actions[0].option") + c.field;
    EXPECT_EQ(field, expected) << c.type << " " << c.option;
  }
}

TEST(RegistryTest, IdsAreThereOnceAndTargetsAreThere) {
  control::v1::Call call;
  *call.add_actions() = MakeAction("goto", R"({"target_id":"end","loop_count":1})");
  EXPECT_EQ(FieldOf(Registry().Check(call.actions())), "actions[0].option");
  *call.add_actions() = MakeAction("hangup", "{}");
  call.mutable_actions(1)->set_id("end");
  EXPECT_TRUE(Registry().Check(call.actions()).ok());
  call.mutable_actions(0)->set_id("end");
  EXPECT_EQ(FieldOf(Registry().Check(call.actions())), "actions[1].id");
  call.mutable_actions(0)->set_id("with space");
  EXPECT_EQ(FieldOf(Registry().Check(call.actions())), "actions[0].id");
}

TEST(RegistryTest, SaysWhatEachActionAsksFor) {
  const Registry registry;
  const auto run = [&](const char* type, const std::string& option, const Variables& variables = {}) {
    return registry.Run(MakeAction(type, option), variables);
  };
  EXPECT_TRUE(std::holds_alternative<Continue>(run("answer", "{}")));
  EXPECT_TRUE(std::holds_alternative<Hangup>(run("hangup", "{}")));
  EXPECT_EQ(std::get<Sleep>(run("sleep", R"({"duration":1500})")).duration, absl::Milliseconds(1500));
  EXPECT_EQ(std::get<Play>(run("beep", "{}")).sounds, std::vector<std::string>{"beep"});
  const auto send = std::get<SendRequest>(
      run("webhook_send", R"({"uri":"http://h/${a}","data":"${a}${none}!"})", {{"a", "${b}"}, {"b", "no"}}));
  // What is put in is not looked at again.
  EXPECT_EQ(send.uri, "http://h/${b}");
  EXPECT_EQ(send.body, "${b}!");
  EXPECT_EQ(send.method, "POST");
  EXPECT_EQ(send.content_type, "application/json");
  const std::string branch = R"({"target_ids":{"1":"one"},"default_target_id":"else"})";
  EXPECT_EQ(std::get<Jump>(run("branch", branch, {{"digits", "1"}})).target_id, "one");
  EXPECT_EQ(std::get<Jump>(run("branch", branch)).target_id, "else");
  EXPECT_TRUE(std::holds_alternative<Continue>(run("branch", R"({"variable":"x"})")));
  // What came of the variables is checked.
  EXPECT_EQ(GetErrorDetail(std::get<Refuse>(run("conference_join", R"({"conference_id":"${room}"})")).why).reason,
            "MISSING_REQUEST_PARAMETER");
  // An action of another version of the program ends nothing.
  EXPECT_TRUE(std::holds_alternative<Refuse>(run("gone", "{}")));
}

TEST(RegistryTest, ComparesNumbersAsNumbers) {
  const auto holds = [](const std::string& left, const std::string& condition, const std::string& right) {
    const std::string option =
        R"({"variable":"v","condition":")" + condition + R"(","value":")" + right + R"(","false_target_id":"no"})";
    return std::holds_alternative<Continue>(Registry().Run(MakeAction("condition_variable", option), {{"v", left}}));
  };
  EXPECT_TRUE(holds("10", ">", "9"));
  EXPECT_FALSE(holds("10x", ">", "9"));
  EXPECT_TRUE(holds("1.0", "==", "1"));
  EXPECT_TRUE(holds("a", "!=", "b"));
  EXPECT_TRUE(holds("a", "<", "b"));
  EXPECT_TRUE(holds("2", "<=", "2"));
  EXPECT_TRUE(holds("2", ">=", "2"));
  EXPECT_FALSE(holds("", "==", "0"));
}

TEST(RegistryTest, TheRoomIsKnownBeforehandWhereItIsConstant) {
  const Registry registry;
  const auto join = registry.Join(
      MakeAction("conference_join",
                 std::string(R"({"pin":"12","host":true,"muted":true,"conference_id":")") + kConference + "\"}"));
  ASSERT_TRUE(join.has_value());
  EXPECT_EQ(join->conference_id, kConference);
  EXPECT_EQ(join->pin, "12");
  EXPECT_TRUE(join->host && join->muted);
  EXPECT_FALSE(registry.Join(MakeAction("answer", "{}")).has_value());
  EXPECT_FALSE(registry.Join(MakeAction("conference_join", R"({"conference_id":"${room}"})")).has_value());
}

}  // namespace
}  // namespace tutti::flow
