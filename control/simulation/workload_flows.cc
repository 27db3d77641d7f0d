#include "absl/strings/str_cat.h"
#include "control/simulation/workload.h"

// What calls do besides joining rooms.

namespace tutti::control::simulation {

using control::Core;

v1::Action Workload::Plain(const std::string& type) {
  v1::Action action;
  action.set_type(type);
  action.set_id(absl::StrCat("a", ++actions_));
  return action;
}

v1::Action Workload::Sleep(int ms) {
  v1::Action action = Plain("sleep");
  (*action.mutable_option()->mutable_fields())["duration"].set_number_value(ms);
  return action;
}

// A sound that every node has, or one that must be fetched and brought there.
std::string Workload::Sound() {
  return world_.random.Chance(500) ? "beep" : absl::StrCat("http://sounds/", world_.random.Below(3), ".wav");
}

v1::Action Workload::Act() {
  Random& random = world_.random;
  switch (random.Below(5)) {
    case 0: {
      v1::Action action = Plain("play");
      auto& option = *action.mutable_option()->mutable_fields();
      for (int left = 1 + random.Below(3); left > 0; --left) {
        option["sounds"].mutable_list_value()->add_values()->set_string_value(Sound());
      }
      option["stop_on_dtmf"].set_bool_value(random.Chance(500));
      return action;
    }
    case 1: {
      v1::Action action = Plain("talk");
      (*action.mutable_option()->mutable_fields())["text"].set_string_value(absl::StrCat("text ", random.Below(3)));
      return action;
    }
    case 2:
    case 3: {
      v1::Action action = Plain("digits_receive");
      auto& option = *action.mutable_option()->mutable_fields();
      option["duration"].set_number_value(500 + random.Below(2'500));
      option["length"].set_number_value(1 + random.Below(4));
      option["key"].set_string_value("#");
      if (random.Chance(500)) option["sound"].set_string_value(Sound());
      return action;
    }
    default: {
      v1::Action action = Plain("webhook_send");
      auto& option = *action.mutable_option()->mutable_fields();
      option["uri"].set_string_value("http://flow/");
      option["data"].set_string_value("${call.id} ${digits}");
      return action;
    }
  }
}

void Workload::CreateFlow() {
  v1::CreateFlowRequest request;
  for (int left = 1 + world_.random.Below(2); left > 0; --left) *request.mutable_flow()->add_actions() = Act();
  const std::string key = NewKey();
  request.mutable_flow()->set_name(key);
  requests_.SendTwins<v1::Flow>(
      absl::StrCat("create flow ", key), !key.empty(),
      [request, key](Core& core, Done<v1::Flow> done) {
        core.flows().Create(Customer(), request, key, std::move(done));
      },
      [this, key](const v1::Flow& made) {
        if (key.empty()) return;
        std::string& id = created_[key];
        if (!id.empty() && id != made.id()) world_.Fail(absl::StrCat(key, " made two flows"));
        id = made.id();
      });
}

void Workload::DeleteFlow() {
  if (checker_.flow_ids().empty()) return;
  const std::string id = OneOf(checker_.flow_ids());
  requests_.Send<v1::Flow>(
      absl::StrCat("delete ", world_.Name("flow", id)),
      [id](Core& core, Done<v1::Flow> done) { core.flows().Delete(Customer(), id, std::move(done)); },
      [](const v1::Flow&) {});
}

}  // namespace tutti::control::simulation
