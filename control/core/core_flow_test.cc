// Flows: what a call does before, in and after a room, and that it goes on where it
// was.

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "common/status/status.h"
#include "control/core/core_fixture.h"
#include "google/protobuf/util/json_util.h"

namespace tutti::control {
namespace {

using C = v1::Conference;
using L = v1::Call;
using P = v1::Conferencecall;
using Types = std::vector<std::string>;

v1::Action MakeAction(const std::string& type, const std::string& option = "{}", const std::string& id = "") {
  v1::Action action;
  action.set_type(type);
  action.set_id(id);
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(option, action.mutable_option()).ok());
  return action;
}

class CoreFlowTest : public CoreFixture {
 protected:
  v1::Flow MakeFlow(const std::vector<v1::Action>& actions) {
    v1::CreateFlowRequest request;
    for (const v1::Action& action : actions) *request.mutable_flow()->add_actions() = action;
    absl::StatusOr<v1::Flow> answer = absl::UnknownError("");
    core_->CreateFlow(principal_, request, "", [&](absl::StatusOr<v1::Flow> made) { answer = std::move(made); });
    Settle();
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : v1::Flow();
  }

  // What the call's flow waits for.
  Operation Asked(const std::string& call_id) {
    auto operation = core_->ReadOperation(call_id);
    EXPECT_TRUE(operation.ok()) << operation.status();
    return operation.ok() ? *operation : Operation();
  }
  bool AsksNothing(const std::string& call_id) { return absl::IsNotFound(core_->ReadOperation(call_id).status()); }
  std::string Sound(const std::string& call_id) {
    const Operation operation = Asked(call_id);
    const auto* play = std::get_if<PlayOperation>(&operation.what);
    return play == nullptr ? "no sound" : play->sound;
  }
  void Fail(const std::string& call_id, const std::string& reason) {
    FinishAs(call_id, Error(absl::StatusCode::kNotFound, reason, "it failed"));
  }
  void FinishAs(const std::string& call_id, const absl::Status& outcome) {
    core_->FinishOperation(call_id, Asked(call_id).id, outcome,
                           [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
    Settle();
  }
  // The node tells that the sound has ended.
  void Ends(const std::string& call_id,
            media::v1::AudioFinished::Cause cause = media::v1::AudioFinished::CAUSE_FINISHED) {
    media::v1::AudioFinished finished;
    finished.set_operation_id(Asked(call_id).id);
    finished.set_leg_id(call_id);
    finished.set_cause(cause);
    node_.Report(finished);
    Settle();
  }
  void Press(const std::string& call_id, const std::string& digits) {
    for (const char digit : digits) {
      media::v1::LegDtmf pressed;
      pressed.set_leg_id(call_id);
      pressed.set_digit(std::string(1, digit));
      core_->HandleDigit(lease_, pressed, [](const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; });
      Settle();
    }
  }
  // A variable as a later action sees it: in a request that it waits with.
  static v1::Action Tell(const std::string& text) {
    return MakeAction("webhook_send", R"({"uri":"http://receiver/","data":")" + text + "\"}");
  }
  std::string Told(const std::string& call_id) {
    const Operation operation = Asked(call_id);
    const auto* send = std::get_if<SendOperation>(&operation.what);
    return send == nullptr ? "nothing" : send->body;
  }
  C MakeRoom(const C& asked = {}) { return *CreateConference(asked); }
  std::string Run(const std::vector<v1::Action>& actions) {
    auto call = CreateCall(actions);
    EXPECT_TRUE(call.ok()) << call.status();
    return call.ok() ? call->id() : "";
  }
  P::Status StatusIn(const std::string& call_id) { return Participant(call_id).status(); }
};

TEST_F(CoreFlowTest, AreStoredChangedAndDeleted) {
  const v1::Flow flow = MakeFlow({MakeAction("beep")});
  EXPECT_EQ(core_->GetFlow(principal_, flow.id())->SerializeAsString(), flow.SerializeAsString());
  v1::ReplaceFlowRequest replace;
  *replace.mutable_flow() = flow;
  replace.mutable_flow()->set_name("greeting");
  absl::StatusOr<v1::Flow> answer = absl::UnknownError("");
  const auto keep = [&](absl::StatusOr<v1::Flow> changed) { answer = std::move(changed); };
  core_->ReplaceFlow(principal_, replace, keep);
  Settle();
  EXPECT_EQ(answer->name(), "greeting");
  replace.mutable_flow()->clear_actions();
  core_->ReplaceFlow(principal_, replace, keep);
  EXPECT_EQ(ReasonOf(answer.status()), "MISSING_REQUEST_PARAMETER");
  EXPECT_EQ(core_->ListFlows(principal_, {})->result_size(), 1);

  const Principal other{"00000000-0000-7000-8000-0000000000ff"};
  EXPECT_EQ(ReasonOf(core_->GetFlow(other, flow.id()).status()), "FLOW_NOT_FOUND");
  EXPECT_EQ(core_->ListFlows(other, {})->result_size(), 0);
  core_->DeleteFlow(other, flow.id(), keep);
  Settle();
  EXPECT_EQ(ReasonOf(answer.status()), "FLOW_NOT_FOUND");

  core_->DeleteFlow(principal_, flow.id(), keep);
  Settle();
  EXPECT_TRUE(answer.ok());
  EXPECT_EQ(ReasonOf(core_->GetFlow(principal_, flow.id()).status()), "FLOW_NOT_FOUND");
  EXPECT_EQ(EventTypes("flow:" + flow.id()), (Types{"flow_created", "flow_updated", "flow_deleted"}));
}

TEST_F(CoreFlowTest, ACallTakesACopyOfItsFlow) {
  const C room = MakeRoom();
  const v1::Flow flow = MakeFlow({Join(room.id())});
  v1::CreateCallRequest request;
  request.mutable_call()->set_type(L::TYPE_RTP);
  request.mutable_call()->set_sdp_offer("v=0 offer");
  request.mutable_call()->set_flow_id(flow.id());
  absl::StatusOr<L> answer = absl::UnknownError("");
  const auto create = [&] {
    core_->CreateCall(principal_, request, {}, "", [&](absl::StatusOr<L> made) { answer = std::move(made); });
    Settle();
    return answer.status();
  };
  ASSERT_TRUE(create().ok()) << answer.status();
  EXPECT_EQ(answer->actions_size(), 1);
  EXPECT_EQ(StatusIn(answer->id()), P::STATUS_JOINED);
  // Either, not both; and one that is there.
  *request.mutable_call()->add_actions() = MakeAction("beep");
  EXPECT_EQ(ReasonOf(create()), "INVALID_REQUEST_PARAMETER");
  request.mutable_call()->clear_actions();
  request.mutable_call()->set_flow_id("00000000-0000-7000-8000-000000000001");
  EXPECT_EQ(ReasonOf(create()), "FLOW_NOT_FOUND");
}

TEST_F(CoreFlowTest, PlaysOneSoundAfterTheOther) {
  const std::string id =
      Run({MakeAction("play", R"({"sounds":["file:one.wav","http://host/two.wav"]})"), Tell("${result}")});
  EXPECT_EQ(Sound(id), "file:one.wav");
  EXPECT_EQ(asked_operations_, Types{id});
  const std::string first = Asked(id).id;
  Ends(id);
  EXPECT_EQ(Sound(id), "http://host/two.wav");
  EXPECT_NE(Asked(id).id, first);
  // What is told of an earlier one changes nothing.
  core_->FinishOperation(id, first, absl::OkStatus(), [](const absl::Status&) {});
  Settle();
  EXPECT_EQ(Sound(id), "http://host/two.wav");
  Ends(id);
  EXPECT_EQ(Told(id), "ok");
  FinishAs(id, absl::OkStatus());
  EXPECT_EQ(Call(id).hangup_reason(), L::HANGUP_REASON_FLOW_ENDED);
  CheckInvariants();
}

TEST_F(CoreFlowTest, AfterLostEventsSoundsAreAskedForAgain) {
  const std::string id = Run({MakeAction("play", R"({"sounds":["beep","beep"]})"), Sleep(60'000)});
  const std::string first = Asked(id).id;
  asked_operations_.clear();
  Reconcile();
  EXPECT_TRUE(asked_operations_.empty());
  node_.Report(media::v1::AudioFinished());
  Reconcile();
  EXPECT_EQ(asked_operations_, std::vector<std::string>{id});
  // It had ended, and the next one follows; what is told twice is done once.
  for (int i = 0; i < 2; ++i) {
    core_->FinishPlay(id, first, media::v1::AudioFinished::CAUSE_FINISHED, [](const absl::Status&) {});
    Settle();
  }
  EXPECT_NE(Asked(id).id, first);
  EXPECT_EQ(Sound(id), "beep");
}

TEST_F(CoreFlowTest, SpeaksATextWithItsVariablesPutIn) {
  const auto talk = MakeAction(
      "talk", R"({"text":"Hello ${name}","language":"${language}","voice":"slt","stop_on_dtmf":true})", "hello");
  const std::string id =
      Run({MakeAction("variable_set", R"({"key":"name","value":"Ann"})"),
           MakeAction("variable_set", R"({"key":"language","value":"en-US"})"), talk, Tell("${result.hello}")});
  const auto asked = [&] { return std::get<PlayOperation>(Asked(id).what); };
  ASSERT_TRUE(asked().text.has_value());
  EXPECT_EQ(asked().text->text, "Hello Ann");
  EXPECT_EQ(asked().text->language, "en-US");
  EXPECT_EQ(asked().text->voice, "slt");
  EXPECT_TRUE(asked().stop_on_dtmf);
  const std::string operation = Asked(id).id;
  Restart();
  Connect();
  EXPECT_EQ(Asked(id).id, operation) << "the same one is asked for after a restart";
  EXPECT_EQ(asked().text->text, "Hello Ann");
  Ends(id, media::v1::AudioFinished::CAUSE_DTMF);
  EXPECT_EQ(Told(id), "ok");
}

TEST_F(CoreFlowTest, ATextThatIsNotSpokenEndsItsActionOnly) {
  const auto talk = MakeAction("talk", R"({"text":"${text}"})", "hello");
  const auto set_text = MakeAction("variable_set", R"({"key":"text","value":"Hallo"})");
  const std::string id = Run({set_text, talk, Tell("${result.hello}")});
  Fail(id, "LANGUAGE_NOT_SUPPORTED");
  EXPECT_EQ(Told(id), "LANGUAGE_NOT_SUPPORTED");
  const std::string empty = Run({talk, Tell("${result.hello}")});
  EXPECT_EQ(Told(empty), "MISSING_REQUEST_PARAMETER") << "no text is left of it";
}

TEST_F(CoreFlowTest, ADigitEndsAllSoundsOfAnAction) {
  const std::string id = Run({MakeAction("play", R"({"sounds":["beep","beep"],"stop_on_dtmf":true})"), Tell("x")});
  Ends(id, media::v1::AudioFinished::CAUSE_DTMF);
  EXPECT_EQ(Told(id), "x");
}

TEST_F(CoreFlowTest, ASoundThatIsNotThereEndsItsActionOnly) {
  const std::string id =
      Run({MakeAction("play", R"({"sounds":["file:none.wav","beep"]})", "hello"), Tell("${result.hello}")});
  Fail(id, "SOUND_NOT_FOUND");
  EXPECT_EQ(Told(id), "SOUND_NOT_FOUND");
}

TEST_F(CoreFlowTest, WhatNobodyAnswersIsAskedForAgainAndGivenUp) {
  const std::string id = Run({MakeAction("beep"), Tell("${result}")});
  const std::string operation = Asked(id).id;
  asked_operations_.clear();
  Pass(options_.operation_repeat_after);
  EXPECT_EQ(asked_operations_, Types{id});
  EXPECT_EQ(Asked(id).id, operation);
  for (absl::Duration passed; passed < options_.play_timeout; passed += options_.operation_repeat_interval) {
    Pass(options_.operation_repeat_interval);
  }
  EXPECT_EQ(stopped_sounds_, Types{operation});
  EXPECT_EQ(Told(id), "OPERATION_TIMEOUT");
}

TEST_F(CoreFlowTest, EachWaitOutlivesARestart) {
  const std::string playing = Run({MakeAction("beep"), Tell("played")});
  const std::string sending = Run({Tell("sent"), MakeAction("beep")});
  const std::string digits = Run({MakeAction("digits_receive", R"({"duration":5000,"length":2})"), Tell("${digits}")});
  const std::string sleeping = Run({Sleep(60'000), Tell("slept")});
  const std::string operation = Asked(sending).id;
  Press(digits, "4");
  Restart();
  Connect();
  Ends(playing);
  EXPECT_EQ(Told(playing), "played");
  Press(digits, "2");
  EXPECT_EQ(Told(digits), "42");
  Pass(options_.send_repeat_after);
  EXPECT_EQ(Asked(sending).id, operation);
  FinishAs(sending, absl::OkStatus());
  EXPECT_EQ(Sound(sending), "beep");
  Pass(absl::Minutes(1));
  EXPECT_EQ(Told(sleeping), "slept");
  CheckInvariants();
}

TEST_F(CoreFlowTest, DigitsEndByLengthByKeyAndByTime) {
  const auto receive = MakeAction("digits_receive", R"({"duration":3000,"length":3,"key":"#"})", "ask");
  const Types told = [&] {
    Types all;
    const auto run = [&](const auto& act) {
      const std::string id = Run({receive, Tell("${digits} ${result.ask}")});
      act(id);
      all.push_back(Told(id));
    };
    run([&](const std::string& id) { Press(id, "123"); });
    run([&](const std::string& id) { Press(id, "1#"); });
    run([&](const std::string& id) {
      Pass(absl::Milliseconds(2'900));
      Press(id, "7");
      // Each digit has its own time.
      Pass(absl::Milliseconds(2'900));
      EXPECT_TRUE(AsksNothing(id));
      Pass(absl::Milliseconds(100));
    });
    return all;
  }();
  EXPECT_EQ(told, (Types{"123 ok", "1 ok", "7 DIGITS_TIMEOUT"}));
}

TEST_F(CoreFlowTest, APromptStopsWithTheFirstDigitAndItsTimeBeginsAfterIt) {
  const auto receive = MakeAction("digits_receive", R"({"duration":1000,"length":1,"sound":"file:ask.wav"})");
  const std::string pressed = Run({receive, Tell("${digits}")});
  const std::string prompt = Asked(pressed).id;
  EXPECT_EQ(Sound(pressed), "file:ask.wav");
  Pass(absl::Seconds(3));
  EXPECT_TRUE(stopped_sounds_.empty());
  Press(pressed, "5");
  EXPECT_EQ(stopped_sounds_, Types{prompt});
  EXPECT_EQ(Told(pressed), "5");
  const std::string silent = Run({receive, Tell("${result}")});
  Ends(silent);
  EXPECT_TRUE(AsksNothing(silent));
  Pass(absl::Seconds(1));
  EXPECT_EQ(Told(silent), "DIGITS_TIMEOUT");
}

TEST_F(CoreFlowTest, DigitsThatCameEarlyCount) {
  const std::string id = Run({MakeAction("beep"), MakeAction("digits_receive", R"({"duration":1000,"length":2})"),
                              MakeAction("digits_receive", R"({"duration":1000,"length":1})"), Tell("${digits}")});
  Press(id, "123");
  Ends(id);
  EXPECT_EQ(Told(id), "3");
}

TEST_F(CoreFlowTest, BranchesByDigitsConditionsAndLoops) {
  const std::vector<v1::Action> menu = {
      MakeAction("digits_receive", R"({"duration":1000,"length":1})", "ask"),
      MakeAction("branch", R"({"target_ids":{"1":"sales","2":"again"},"default_target_id":"bye"})"),
      MakeAction("variable_set", R"({"key":"went","value":"sales"})", "sales"),
      MakeAction("condition_variable",
                 R"({"variable":"went","condition":"==","value":"sales","false_target_id":"bye"})"),
      Tell("${went} ${call.id}"),
      MakeAction("goto", R"({"target_id":"ask","loop_count":2})", "again"),
      MakeAction("hangup", "{}", "bye"),
  };
  const std::string id = Run(menu);
  Press(id, "1");
  EXPECT_EQ(Told(id), "sales " + id);
  FinishAs(id, absl::OkStatus());
  Press(id, "2");
  // Twice back is all.
  EXPECT_EQ(Call(id).status(), L::STATUS_PROGRESSING);
  Press(id, "2");
  EXPECT_EQ(Call(id).hangup_reason(), L::HANGUP_REASON_NORMAL);
  const std::string other = Run(menu);
  Press(other, "9");
  EXPECT_EQ(Call(other).hangup_reason(), L::HANGUP_REASON_NORMAL);
  CheckInvariants();
}

TEST_F(CoreFlowTest, AFlowThatRunsAwayIsEnded) {
  const std::string id = Run({MakeAction("variable_set", R"({"key":"a","value":"b"})", "top"),
                              MakeAction("branch", R"({"default_target_id":"top"})")});
  EXPECT_EQ(Call(id).hangup_reason(), L::HANGUP_REASON_FLOW_LIMIT);
}

TEST_F(CoreFlowTest, RunsAnotherFlowInside) {
  const v1::Flow inner = MakeFlow({MakeAction("beep"), MakeAction("variable_set", R"({"key":"in","value":"side"})")});
  const auto fetch = MakeAction("fetch_flow", R"({"flow_id":")" + inner.id() + "\"}");
  const std::string id = Run({fetch, Tell("${in}")});
  EXPECT_EQ(Sound(id), "beep");
  Ends(id);
  EXPECT_EQ(Told(id), "side");
  const std::string gone =
      Run({MakeAction("fetch_flow", R"({"flow_id":"00000000-0000-7000-8000-000000000001"})"), Tell("${result}")});
  EXPECT_EQ(Told(gone), "FLOW_NOT_FOUND");
  // One that runs itself comes to an end.
  v1::ReplaceFlowRequest replace;
  *replace.mutable_flow() = inner;
  replace.mutable_flow()->clear_actions();
  *replace.mutable_flow()->add_actions() = fetch;
  *replace.mutable_flow()->add_actions() = Tell("${result}");
  core_->ReplaceFlow(principal_, replace, [](const absl::StatusOr<v1::Flow>& flow) { EXPECT_TRUE(flow.ok()); });
  Settle();
  EXPECT_EQ(Told(Run({fetch})), "FLOW_TOO_DEEP");
}

TEST_F(CoreFlowTest, APreFlowIsHeardBeforeTheRoom) {
  C asked;
  asked.set_pre_flow_id(MakeFlow({MakeAction("play", R"({"sounds":["file:welcome.wav"]})")}).id());
  const C room = MakeRoom(asked);
  const std::string id = Run({Join(room.id()), MakeAction("beep")});
  EXPECT_EQ(StatusIn(id), P::STATUS_JOINING);
  EXPECT_EQ(Sound(id), "file:welcome.wav");
  EXPECT_EQ(node_.legs[id].bridge_id(), "");
  // It may last.
  Pass(options_.joining_timeout * 2);
  EXPECT_EQ(StatusIn(id), P::STATUS_JOINING);
  Ends(id);
  EXPECT_EQ(StatusIn(id), P::STATUS_JOINED);
  EXPECT_EQ(node_.legs[id].bridge_id(), room.id());
  EXPECT_EQ(EventTypes("conference:" + room.id()),
            (Types{"conference_created", "conferencecall_joining", "conferencecall_joined", "conference_updated"}));
  CheckInvariants();
}

TEST_F(CoreFlowTest, WhoIsKickedOutOfAPreFlowHasLeftAndGoesOn) {
  C asked;
  asked.set_pre_flow_id(MakeFlow({MakeAction("beep"), MakeAction("beep")}).id());
  asked.set_post_flow_id(MakeFlow({Tell("post")}).id());
  const C room = MakeRoom(asked);
  const std::string id = Run({Join(room.id()), Tell("${result}")});
  const std::string operation = Asked(id).id;
  const auto kicked = Kick(Participant(id).id());
  ASSERT_TRUE(kicked.ok()) << kicked.status();
  EXPECT_EQ(kicked->status(), P::STATUS_LEAVED);
  EXPECT_EQ(stopped_sounds_, Types{operation});
  // One who was never in the room has nothing after it.
  EXPECT_EQ(Told(id), "KICKED");
  EXPECT_EQ(Room(room.id()).status(), C::STATUS_PROGRESSING);
  CheckInvariants();
}

TEST_F(CoreFlowTest, APreFlowHasADeadlineAndEndsWithTheRoom) {
  C asked;
  asked.set_pre_flow_id(MakeFlow({Sleep(3'600'000)}).id());
  const C room = MakeRoom(asked);
  const std::string late = Run({Join(room.id()), Tell("${result}")});
  Pass(options_.pre_flow_timeout);
  EXPECT_EQ(Participant(late).leave_reason(), P::LEAVE_REASON_JOIN_TIMEOUT);
  EXPECT_EQ(Told(late), "JOIN_TIMEOUT");
  const std::string here = Run({Join(room.id()), Tell("${result}")});
  ASSERT_TRUE(DeleteConference(room.id()).ok());
  EXPECT_EQ(Room(room.id()).status(), C::STATUS_TERMINATED);
  EXPECT_EQ(Told(here), "CONFERENCE_ENDED");
  const std::string hung_up = Run({Sleep(1'000)});
  ASSERT_TRUE(Hangup(hung_up).ok());
  CheckInvariants();
}

TEST_F(CoreFlowTest, APostFlowComesBeforeTheNextAction) {
  C asked;
  asked.set_post_flow_id(MakeFlow({MakeAction("play", R"({"sounds":["file:thanks.wav"]})")}).id());
  const C room = MakeRoom(asked);
  const std::string id = Run({Join(room.id()), Tell("next")});
  ASSERT_TRUE(Kick(Participant(id).id()).ok());
  EXPECT_EQ(Sound(id), "file:thanks.wav");
  Ends(id);
  EXPECT_EQ(Told(id), "next");
}

TEST_F(CoreFlowTest, APreFlowThatIsGoneIsPassedOver) {
  C asked;
  asked.set_pre_flow_id("00000000-0000-7000-8000-000000000001");
  EXPECT_EQ(StatusIn(Run({Join(MakeRoom(asked).id())})), P::STATUS_JOINED);
}

TEST_F(CoreFlowTest, ThePinIsKeyedInWithRetries) {
  C asked;
  asked.set_pin("4711");
  const C room = MakeRoom(asked);
  const auto join = MakeAction(
      "conference_join", R"({"conference_id":")" + room.id() + R"(","pin_attempts":2,"pin_sound":"file:pin.wav"})");
  const std::string right = Run({join});
  EXPECT_EQ(Sound(right), "file:pin.wav");
  Press(right, "4712#");
  EXPECT_EQ(StatusIn(right), P::STATUS_UNSPECIFIED);
  EXPECT_EQ(Sound(right), "file:pin.wav");
  Press(right, "4711#");
  EXPECT_EQ(StatusIn(right), P::STATUS_JOINED);
  const std::string wrong = Run({join, Tell("${result}")});
  Press(wrong, "1#");
  Press(wrong, "2#");
  EXPECT_EQ(Told(wrong), "CONFERENCE_PIN_INVALID");
  CheckInvariants();
}

TEST_F(CoreFlowTest, TheMenuControlsTheRoom) {
  C asked;
  asked.set_dtmf_menu(true);
  const C room = MakeRoom(asked);
  const std::string guest = Run({Join(room.id()), Tell("${result}")});
  const auto host_join = MakeAction("conference_join", R"({"host":true,"conference_id":")" + room.id() + "\"}");
  const std::string host = Run({host_join});
  Press(guest, "*6");
  EXPECT_TRUE(Participant(guest).muted());
  Press(guest, "*6");
  EXPECT_FALSE(Participant(guest).muted());
  Press(guest, "*8*8*7");
  EXPECT_EQ(Participant(guest).volume_db(), 3);
  // Only after a star, soon, and only the host's.
  Press(guest, "6*");
  Pass(absl::Seconds(4));
  Press(guest, "6");
  EXPECT_FALSE(Participant(guest).muted());
  Press(guest, "*1*2");
  EXPECT_FALSE(Room(room.id()).locked() || Room(room.id()).muted_on_entry());
  Press(host, "*1*2");
  EXPECT_TRUE(Room(room.id()).locked() && Room(room.id()).muted_on_entry());
  EXPECT_TRUE(Participant(guest).muted());
  Press(host, "*1*2");
  EXPECT_FALSE(Room(room.id()).locked() || Participant(guest).muted());
  Press(guest, "*9");
  EXPECT_EQ(Participant(guest).leave_reason(), P::LEAVE_REASON_LEFT);
  EXPECT_EQ(Told(guest), "ok");
  // Where it is not asked for digits do nothing.
  const std::string plain = Run({Join(MakeRoom().id())});
  Press(plain, "*6");
  EXPECT_FALSE(Participant(plain).muted());
}

TEST_F(CoreFlowTest, MovesAParticipantToAnotherRoom) {
  C locked_asked;
  locked_asked.set_pin("1");
  const C from = MakeRoom();
  const C to = MakeRoom(locked_asked);
  const std::string id = Run({Join(from.id()), Tell("${result}")});
  const P before = Participant(id);
  absl::StatusOr<P> moved = absl::UnknownError("");
  const auto move = [&](const std::string& participant, const std::string& room) {
    v1::MoveConferencecallRequest request;
    request.set_id(participant);
    request.set_conference_id(room);
    core_->MoveConferencecall(principal_, request, [&](absl::StatusOr<P> answer) { moved = std::move(answer); });
    Settle();
    return moved.status();
  };
  EXPECT_EQ(ReasonOf(move(before.id(), from.id())), "INVALID_REQUEST_PARAMETER");
  EXPECT_EQ(ReasonOf(move(before.id(), "00000000-0000-7000-8000-000000000001")), "CONFERENCE_NOT_FOUND");
  ASSERT_TRUE(move(before.id(), to.id()).ok()) << moved.status();
  EXPECT_EQ(moved->status(), P::STATUS_JOINING);
  EXPECT_EQ(moved->conference_id(), to.id());
  EXPECT_EQ(core_->GetConferencecall(principal_, moved->id())->status(), P::STATUS_JOINED);
  const auto old = core_->GetConferencecall(principal_, before.id());
  EXPECT_EQ(old->status(), P::STATUS_LEAVED);
  EXPECT_EQ(old->leave_reason(), P::LEAVE_REASON_MOVED);
  EXPECT_EQ(node_.legs[id].bridge_id(), to.id());
  EXPECT_EQ(Room(from.id()).participant_count(), 0);
  EXPECT_EQ(Room(to.id()).participant_count(), 1);
  const std::string after = moved->id();
  EXPECT_EQ(ReasonOf(move(before.id(), from.id())), "STATE_INVALID");
  // The flow goes on only now.
  EXPECT_TRUE(AsksNothing(id));
  ASSERT_TRUE(Kick(after).ok());
  EXPECT_EQ(Told(id), "ok");
  CheckInvariants();
}

TEST_F(CoreFlowTest, AHangUpInTheMiddleOfAMoveEndsBoth) {
  const C from = MakeRoom(), to = MakeRoom();
  const std::string id = Run({Join(from.id())});
  const std::string first = Participant(id).id();
  hold_commands_ = true;
  v1::MoveConferencecallRequest request;
  request.set_id(first);
  request.set_conference_id(to.id());
  absl::StatusOr<P> moved = absl::UnknownError("");
  core_->MoveConferencecall(principal_, request, [&](absl::StatusOr<P> answer) { moved = std::move(answer); });
  Settle();
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(core_->GetConferencecall(principal_, first)->status(), P::STATUS_LEAVING);
  ASSERT_TRUE(Hangup(id).ok());
  EXPECT_EQ(core_->GetConferencecall(principal_, first)->status(), P::STATUS_LEAVED);
  EXPECT_EQ(core_->GetConferencecall(principal_, moved->id())->status(), P::STATUS_LEAVED);
  hold_commands_ = false;
  Connect();
  CheckInvariants();
}

}  // namespace
}  // namespace tutti::control
