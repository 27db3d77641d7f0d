#include "absl/strings/str_cat.h"
#include "control/simulation/workload.h"

// Calls.

namespace tutti::control::simulation {

using control::Core;
using L = v1::Call;

namespace {

media::v1::MediaDescription Offer(int version) {
  media::v1::MediaDescription offer;
  offer.add_sections()->set_rtp_port(20'000 + version);
  return offer;
}

}  // namespace

v1::Action Workload::Join() {
  v1::Action action = Plain("conference_join");
  const std::string id = world_.random.Chance(20) ? "00000000-0000-7000-8000-00000000dead" : OneOf(checker_.rooms());
  auto& option = *action.mutable_option()->mutable_fields();
  option["conference_id"].set_string_value(id);
  if (world_.random.Chance(300)) option["host"].set_bool_value(true);
  if (world_.random.Chance(150)) option["muted"].set_bool_value(true);
  if (world_.random.Chance(500)) option["pin"].set_string_value(kPins[world_.random.Below(2)]);
  if (world_.random.Chance(400)) option["pin_attempts"].set_number_value(1 + world_.random.Below(3));
  return action;
}

void Workload::CreateCall() {
  v1::CreateCallRequest request;
  L& call = *request.mutable_call();
  call.set_type(L::TYPE_RTP);
  call.set_sdp_offer("v=0 offer");
  for (int left = 1 + world_.random.Below(3); left > 0; --left) {
    const int kind = world_.random.Below(10);
    if (kind == 0) {
      *call.add_actions() = Plain("answer");
    } else if (kind == 1) {
      *call.add_actions() = Sleep(1 + world_.random.Below(8'000));
    } else if (kind <= 3) {
      *call.add_actions() = Act();
    } else {
      *call.add_actions() = Join();
    }
  }
  // Else few stay: the flow goes on to its end.
  if (world_.random.Chance(100)) *call.add_actions() = Plain("hangup");
  const std::string key = NewKey();
  call.set_source(key);
  requests_.SendTwins<L>(
      absl::StrCat("create call ", key), !key.empty(),
      [request, key](Core& core, Done<L> done) {
        core.calls().Create(Customer(), request, Offer(0), key, std::move(done));
      },
      [this, key](const L& made) {
        if (made.sdp_answer().empty()) world_.Fail("a call without an answer");
        if (key.empty()) return;
        std::string& id = created_[key];
        if (!id.empty() && id != made.id()) world_.Fail(absl::StrCat(key, " made two calls"));
        id = made.id();
      });
}

void Workload::HangUp(const std::string& id) {
  requests_.Send<L>(
      absl::StrCat("hang up ", world_.Name("call", id)),
      [id](Core& core, Done<L> done) { core.calls().Hangup(Customer(), id, std::move(done)); },
      [this](const L& call) {
        if (call.status() < L::STATUS_TERMINATING) world_.Fail("a call that was hung up goes on");
      });
}

void Workload::Reoffer() {
  v1::ReofferCallRequest request;
  request.set_id(OneOf(checker_.calls()));
  const int version = 1 + world_.random.Below(1'000);
  request.set_sdp_offer(absl::StrCat("v=0 offer ", version));
  requests_.Send<L>(
      absl::StrCat("re-offer ", world_.Name("call", request.id())),
      [request, version](Core& core, Done<L> done) {
        core.calls().Reoffer(Customer(), request, Offer(version), std::move(done));
      },
      [](const L&) {});
}

// The leg's own, wherever it is.
void Workload::HoldOrMute() {
  const std::string id = OneOf(checker_.calls());
  const bool on = world_.random.Chance(500);
  const bool is_hold = world_.random.Chance(500);
  requests_.Send<L>(
      absl::StrCat(on ? "" : "un", is_hold ? "hold " : "mute ", world_.Name("call", id)),
      [id, on, is_hold](Core& core, Done<L> done) {
        if (is_hold) return core.calls().SetOnHold(Customer(), id, on, std::move(done));
        core.calls().SetMuted(Customer(), id, on, std::move(done));
      },
      [this, on, is_hold](const L& call) {
        if ((is_hold ? call.on_hold() : call.muted()) != on) world_.Fail("a call's hold or mute changed nothing");
      });
}

}  // namespace tutti::control::simulation
